//! How much memory a process comes to hold.

use crate::Failure;

/// A process whose peak is counted from a moment on.
pub struct Peak {
    process: u32,
    idle: u64,
}

impl Peak {
    /// From now on.
    pub fn begin(process: u32) -> Result<Self, Failure> {
        // Sets the peak back to what is held now: proc(5), `/proc/pid/clear_refs`.
        std::fs::write(format!("/proc/{process}/clear_refs"), "5")?;
        Ok(Self { process, idle: field(process, "VmRSS:")? })
    }

    /// Bytes above what was held at first, at most.
    pub fn grown(&self) -> Result<u64, Failure> {
        Ok(field(self.process, "VmHWM:")?.saturating_sub(self.idle))
    }
}

fn field(process: u32, name: &str) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("the system does not tell {name}"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}
