//! The binary `satchel`.

fn main() -> std::process::ExitCode {
    satchel::app::main()
}
