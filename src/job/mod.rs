//! The Job controller's rules: `reconcile(job, pods, memory, now) -> Plan`.
