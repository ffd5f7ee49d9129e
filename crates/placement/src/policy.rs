//! What may leave the machine.

use aloft_spec::{DataClass, project::Policy};

/// Whether data of a class may leave this machine: its class is at most `policy.may_leave`, and it isn't `restricted`.
///
/// # Errors
/// Why not, as a sentence without a full stop.
pub fn may_leave(policy: &Policy, class: DataClass) -> Result<(), String> {
    if class == DataClass::Restricted {
        return Err("restricted data never leaves this machine".into());
    }
    if class > policy.may_leave {
        return Err(format!(
            "{class} data may not leave this machine: policy.may_leave is {}",
            policy.may_leave
        ));
    }
    Ok(())
}
