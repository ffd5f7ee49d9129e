//! The numbers of groups by their keys.

/// A slot that no group has.
const FREE: u32 = u32::MAX;
/// Keys of so many bits have a slot each.
const MOST_DIRECT_BITS: u32 = 17;

/// A table of keys. Groups are numbered in the order in which they were met.
pub(super) struct Table<const W: usize> {
    slots: Slots<W>,
    groups: usize,
}

enum Slots<const W: usize> {
    /// The group of each possible key.
    Direct(Vec<u32>),
    /// A hash table with open addressing.
    Hashed(Vec<Slot<W>>),
}

#[derive(Clone, Copy)]
struct Slot<const W: usize> {
    key: [u64; W],
    group: u32,
}

impl<const W: usize> Slot<W> {
    const FREE: Self = Self {
        key: [0; W],
        group: FREE,
    };
}

impl<const W: usize> Table<W> {
    pub fn new() -> Self {
        Self {
            slots: Slots::Hashed(vec![Slot::FREE; 64]),
            groups: 0,
        }
    }

    /// A table that is best for keys of so many bits.
    pub fn for_bits(bits: u32) -> Self {
        if W == 1 && bits <= MOST_DIRECT_BITS {
            Self {
                slots: Slots::Direct(vec![FREE; 1 << bits]),
                groups: 0,
            }
        } else {
            Self::new()
        }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups
    }

    /// Writes the group of each key.
    pub fn find(&mut self, keys: &[[u64; W]], groups: &mut Vec<u32>) {
        groups.clear();
        match &mut self.slots {
            Slots::Direct(slots) => groups.extend(keys.iter().map(|key| {
                let group = &mut slots[key[0] as usize];
                if *group == FREE {
                    *group = self.groups as u32;
                    self.groups += 1;
                }
                *group
            })),
            Slots::Hashed(slots) => {
                // To look at all slots first is to wait for all of them at once, and not for one after the other.
                let mask = slots.len() - 1;
                let is_free = |key: &&[u64; W]| slots[hash(key) as usize & mask].group == FREE;
                let free = keys.iter().filter(is_free).count();
                while (self.groups + free) * 2 > slots.len() {
                    grow(slots);
                }
                groups.extend(keys.iter().map(|key| {
                    let mask = slots.len() - 1;
                    let mut place = hash(key) as usize & mask;
                    loop {
                        let slot = &slots[place];
                        if slot.group == FREE {
                            let group = self.groups as u32;
                            slots[place] = Slot { key: *key, group };
                            self.groups += 1;
                            // At most half of the slots are ever taken.
                            if self.groups * 2 > slots.len() {
                                grow(slots);
                            }
                            break group;
                        }
                        if slot.key == *key {
                            break slot.group;
                        }
                        place = (place + 1) & mask;
                    }
                }));
            }
        }
    }

    /// The keys of all groups, by their numbers.
    pub fn keys(&self) -> Vec<[u64; W]> {
        let mut keys = vec![[0; W]; self.groups];
        match &self.slots {
            Slots::Direct(slots) => {
                for (key, group) in slots.iter().enumerate().filter(|(_, group)| **group != FREE) {
                    keys[*group as usize][0] = key as u64;
                }
            }
            Slots::Hashed(slots) => {
                for slot in slots.iter().filter(|slot| slot.group != FREE) {
                    keys[slot.group as usize] = slot.key;
                }
            }
        }
        keys
    }
}

#[cold]
fn grow<const W: usize>(slots: &mut Vec<Slot<W>>) {
    let mut more = vec![Slot::FREE; slots.len() * 2];
    let mask = more.len() - 1;
    for slot in slots.iter().filter(|slot| slot.group != FREE) {
        let mut place = hash(&slot.key) as usize & mask;
        while more[place].group != FREE {
            place = (place + 1) & mask;
        }
        more[place] = *slot;
    }
    *slots = more;
}

/// The lower bits choose a slot, the upper ones a part of all groups.
pub(super) fn hash<const W: usize>(key: &[u64; W]) -> u64 {
    key.iter().fold(0x9e37_79b9_7f4a_7c15, |hash, word| {
        // Both halves of the product, as in wyhash (Wang Yi).
        let product = u128::from(hash ^ word) * 0xa076_1d64_78bd_642f;
        (product >> 64) as u64 ^ product as u64
    })
}
