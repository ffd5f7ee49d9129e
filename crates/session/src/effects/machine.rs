//! What the machine is doing: processor and memory, told when the figures on the screen would change.

use super::answer;
use crate::message::Message;
use aloft_protocol::snapshot::MachineView;
use crossbeam_channel::Sender;
use std::time::Duration;
use sysinfo::System;

/// How often the machine is looked at.
const INTERVAL: Duration = Duration::from_secs(2);

pub fn watch(messages: &Sender<Message>) {
    let sender = messages.clone();
    let thread = std::thread::Builder::new().name("machine".into()).spawn(move || {
        // Without figures the status line shows none.
        let Ok(mut system) = System::new() else { return };
        let mut told = MachineView::default();
        loop {
            system.refresh_cpu_usage();
            system.refresh_memory();
            let view = MachineView {
                device: format!("CPU · {} cores", system.cpus().len()),
                // Steps of a twentieth, and of 100 MB: finer ones would repaint an idle window for nothing.
                cpu: (system.global_cpu_usage() / 5.0).round() / 20.0,
                memory_used_bytes: system.used_memory() / 100_000_000 * 100_000_000,
                memory_total_bytes: system.total_memory(),
            };
            if view != told {
                told = view.clone();
                if sender.send(Message::Machine(view)).is_err() {
                    return;
                }
            }
            std::thread::sleep(INTERVAL);
        }
    });
    if let Err(error) = thread {
        answer(messages, Message::Failed(super::no_thread(&error)));
    }
}
