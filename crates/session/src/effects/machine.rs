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
                cpu: (system.global_cpu_usage() / 5.0).round() / 20.0,
                memory_used_bytes: system.used_memory() / 100_000_000 * 100_000_000,
                memory_total_bytes: system.total_memory(),
            };
            if is_news(&told, &view) {
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

/// Whether the figures have moved by as much as someone would look up for: a tenth of the processor, a fiftieth of the
/// memory. Smaller moves would repaint an idle window for ever.
fn is_news(told: &MachineView, now: &MachineView) -> bool {
    told.device != now.device
        || (told.cpu - now.cpu).abs() > 0.099
        || told.memory_used_bytes.abs_diff(now.memory_used_bytes) >= (now.memory_total_bytes / 50).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_moves_are_no_news() {
        let told = MachineView {
            device: "CPU".into(),
            cpu: 0.10,
            memory_used_bytes: 4_000_000_000,
            memory_total_bytes: 16_000_000_000,
        };
        let near = MachineView {
            cpu: 0.15,
            memory_used_bytes: 4_200_000_000,
            ..told.clone()
        };
        assert!(!is_news(&told, &near));
        assert!(is_news(
            &told,
            &MachineView {
                cpu: 0.20,
                ..told.clone()
            }
        ));
        let memory_used_bytes = 5_000_000_000;
        assert!(is_news(
            &told,
            &MachineView {
                memory_used_bytes,
                ..told.clone()
            }
        ));
        assert!(is_news(&MachineView::default(), &told));
    }
}
