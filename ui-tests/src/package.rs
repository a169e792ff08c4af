//! Packages outside of the workspace, for what a test target cannot be: many programs of which some do
//! not compile.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// A package in a folder below a target folder, with the dependencies of this workspace.
pub struct Package {
    folder: PathBuf,
    target: PathBuf,
}

impl Package {
    /// Makes a package without programs. It depends on the runtime, and on what that depends on in the versions that
    /// this workspace has.
    ///
    /// # Panics
    ///
    /// When the target folder cannot be written to.
    #[must_use]
    pub fn new(target: &Path, name: &str) -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate is in a workspace");
        let runtime = workspace.join("telemetry-runtime");
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\ntelemetry-runtime.path = {:?}\n",
            runtime.to_string_lossy(),
        );
        let folder = target.join(name);
        let _ = fs::remove_dir_all(folder.join("src"));
        fs::create_dir_all(folder.join("src/bin")).expect("the target folder can be written to");
        fs::write(folder.join("Cargo.toml"), manifest).expect("the target folder can be written to");
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))
            .expect("the workspace has a lock file");
        Self { folder, target: target.join("target") }
    }

    /// Adds a program.
    ///
    /// # Panics
    ///
    /// When the target folder cannot be written to.
    pub fn write(&self, program: &str, source: &str) {
        let file = self.folder.join("src/bin").join(program).with_extension("rs");
        fs::write(file, source).expect("the target folder can be written to");
    }

    /// A call of cargo in this package.
    #[must_use]
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.folder).args(arguments).arg("--offline");
        cargo.arg("--target-dir").arg(&self.target).env_remove("RUSTFLAGS");
        cargo
    }
}
