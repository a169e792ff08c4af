//! Packages outside of the workspace, for what a test target cannot be: many programs of which some do
//! not compile.
//!
//! A [`Package`] and the package that trybuild writes have the same dependencies and the same [`environment`]: cargo checks
//! the dependencies once for all of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Cargo's environment in these packages, trybuild's as well. `files` is the folder for files of tests, in the build folder.
///
/// The flags replace those that trybuild passes to cargo. It passes the width only when it checks the cases, not when it
/// checks their dependencies, which cargo then checks twice. No program runs, so debug information is of no use. In the
/// workspace's build folder, the procedural macros of other crates are there already.
///
/// # Panics
///
/// When `files` has no parent.
#[must_use]
pub fn environment(files: &Path) -> [(&'static str, OsString); 4] {
    let flags = "--cfg\x1ftrybuild\x1f-A\x1fdead_code\x1f--diagnostic-width=140";
    [
        ("CARGO_BUILD_BUILD_DIR", files.parent().expect("it is in the build folder").into()),
        ("CARGO_ENCODED_RUSTFLAGS", flags.into()),
        ("CARGO_INCREMENTAL", "0".into()),
        ("CARGO_PROFILE_DEV_DEBUG", "false".into()),
    ]
}

/// A package in a folder below a target folder, with the dependencies of this crate.
pub struct Package {
    folder: PathBuf,
    environment: [(&'static str, OsString); 4],
}

impl Package {
    /// Makes a package without programs, below a folder for files of tests. It has the dependencies of this crate, in the
    /// versions that this workspace has.
    ///
    /// # Panics
    ///
    /// When the target folder cannot be written to.
    #[must_use]
    pub fn new(files: &Path, name: &str) -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = own.parent().expect("this crate is in a workspace");
        let manifest = format!(
            "[package]\nname = {name:?}\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\ntelemetry-runtime.path = {:?}\nui-tests.path = {:?}\n",
            workspace.join("telemetry-runtime").to_string_lossy(),
            own.to_string_lossy(),
        );
        let folder = files.join(name);
        let _ = fs::remove_dir_all(folder.join("src"));
        fs::create_dir_all(folder.join("src/bin")).expect("the target folder can be written to");
        fs::write(folder.join("Cargo.toml"), manifest).expect("the target folder can be written to");
        fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))
            .expect("the workspace has a lock file");
        Self { folder, environment: environment(files) }
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
        cargo.current_dir(&self.folder).args(arguments).args(["--offline", "--target", env!("TARGET")]);
        cargo.envs(self.environment.clone());
        cargo
    }
}
