//! What the system says of processes.

use std::fs;

/// A line of `/proc/PID/status`, as a number; sizes are in KiB. `None`: no such process.
pub fn status(pid: u32, field: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Whether it runs: neither gone nor dead and waiting to be reaped.
pub fn is_alive(pid: u32) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines().any(|line| line.starts_with("State:") && !line.contains('Z') && !line.contains('X'))
}

/// The workers that this process started and that run.
pub fn workers_of(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_worker = |pid: &u32| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        arguments.split(|byte| *byte == 0).nth(1) == Some(satchel::inspect::WORKER_ARGUMENT.as_bytes())
    };
    let mut found: Vec<u32> = pids.filter(|pid| status(*pid, "PPid") == Some(u64::from(parent))).filter(is_worker).collect();
    found.sort_unstable();
    found
}

/// Ends a process at once.
pub fn kill(pid: u32) {
    let told = std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert!(told.success());
}

/// Waits until something holds, at most a minute.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("a minute went by before {what}");
}
