#!/bin/sh
# Draws the icon's sizes from aloft.svg. Needs rsvg-convert (Debian: librsvg2-bin).
set -eu
cd "$(dirname "$0")"
for size in 32 64 128 256 512; do
    rsvg-convert --width "$size" --height "$size" aloft.svg --output "$size.png"
done
