//! The lines of the overlay, one for each key of each section: what is said there passes through
//! here on its way to the spec. `scripts/overlay` takes one line out at a time, and a test of the
//! running tree has to turn red each time.

/// What `section` says under `key`.
///
/// In a build with the plant `overlay_line`, the variable `PLANTED_LINE` takes this line out, and
/// `PLANTED_LINES` names a file to which each line is written that is passed.
pub(crate) fn laid<T: Default>(section: &str, key: &str, said: T) -> T {
    // seen by: scripts/overlay
    if cfg!(plant_bug = "overlay_line") && is_taken_out(section, key) { T::default() } else { said }
}

fn is_taken_out(section: &str, key: &str) -> bool {
    use std::io::Write;

    let line = format!("{section}.{key}");
    if let Some(lines) = std::env::var_os("PLANTED_LINES") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(lines);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.expect("the file for the lines can be written");
    }
    std::env::var("PLANTED_LINE").is_ok_and(|planted| planted == line)
}
