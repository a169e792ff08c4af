//! The command: `telemetry-view FILE..`.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::follow::{Followed, follow, follow_stdin, named, read_all};
use crate::limits::Limits;
use crate::model::Model;
use crate::server::{Binding, Server, Shared};
use crate::view::MEMORY;
use crate::{compare, export, json, text};

/// Look at what LLM agents did.
///
/// Without further options it serves a page over the recordings, which it follows as they grow, and prints its address.
#[derive(Debug, Parser)]
#[command(name = "telemetry-view", version, max_term_width = 100)]
pub struct Args {
    /// Recordings: JSON lines of events. `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present = "compare")]
    files: Vec<PathBuf>,

    /// Write one HTML file that opens from disk, with everything in it.
    #[arg(long, value_name = "OUT", group = "form")]
    html: Option<PathBuf>,

    /// Print the runs as a tree.
    #[arg(long, group = "form")]
    text: bool,

    /// Print the runs as one JSON object, or the comparison as one.
    #[arg(long)]
    json: bool,

    /// Compare what two recordings hold.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "files")]
    compare: Option<Vec<PathBuf>>,

    /// With `--compare`: exit with 1 where the second is worse. A list of `errors`, `tools`, and `turns`, `tokens`,
    /// `cost`, `time`, each alone (`tokens`: any more) or with a limit (`cost>10%`).
    #[arg(long, value_name = "CONDITIONS", requires = "compare")]
    fail_on: Option<Limits>,

    /// The page's port; 0 is any that is free. By default 7349, or where that is taken any.
    #[arg(long)]
    port: Option<u16>,

    /// The address to listen on. One that others can reach needs a token.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,

    /// A token that is required to open the page, at least 16 characters.
    #[arg(long, env = "TELEMETRY_VIEW_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// How many MiB of runs are kept. The oldest finished session goes first. By default 256 for a page, and no limit
    /// for the rest.
    #[arg(long, value_name = "MIB")]
    memory: Option<usize>,
}

/// Runs the command line.
pub fn main(args: &Args) -> ExitCode {
    match run(args) {
        Ok(code) => code,
        // The reader of a pipe has stopped.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> io::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    if let Some([a, b]) = args.compare.as_deref() {
        let (a, b) = (read(&[a], args)?, read(&[b], args)?);
        let comparison = compare(&a, &b);
        if args.json {
            serde_json::to_writer_pretty(&mut out, &comparison)?;
            writeln!(out)?;
        } else {
            write!(out, "{comparison}")?;
        }
        out.flush()?;
        let broken = args.fail_on.as_ref().map(|limits| limits.broken_by(&comparison)).unwrap_or_default();
        for reason in &broken {
            eprintln!("worse: {reason}");
        }
        return Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) });
    }
    let files: Vec<&Path> = args.files.iter().map(PathBuf::as_path).collect();
    if let Some(path) = &args.html {
        let model = read(&files, args)?;
        let mut file = BufWriter::new(File::create(path).map_err(|error| named(path, &error))?);
        export::page(&model, &mut file)?;
        file.flush()?;
    } else if args.json {
        serde_json::to_writer_pretty(&mut out, &json::runs(&read(&files, args)?))?;
        writeln!(out)?;
        out.flush()?;
    } else if args.text {
        text::write(&read(&files, args)?, &mut out)?;
        out.flush()?;
    } else {
        serve(&files, args)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The runs of whole files. A file is read whole.
fn read(files: &[&Path], args: &Args) -> io::Result<Model> {
    let mut model = Model::new(args.memory.map_or(usize::MAX, |memory| memory << 20));
    let mut sources: Vec<(&Path, Box<dyn Read + Send>)> = Vec::new();
    for path in files {
        let source: Box<dyn Read + Send> = if is_stdin(path) {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|error| named(path, &error))?)
        };
        sources.push((path, source));
    }
    read_all(sources, &mut model)?;
    Ok(model)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Serves a page over files, for as long as the process lives.
fn serve(files: &[&Path], args: &Args) -> io::Result<()> {
    let mut followed = Vec::new();
    for path in files.iter().filter(|path| !is_stdin(path)) {
        followed.push(Followed::open(path).map_err(|error| named(path, &error))?);
    }
    let shared = Shared::new(Model::new(args.memory.map_or(MEMORY, |memory| memory << 20)));
    let binding = Binding { address: args.address, port: args.port, token: args.token.clone() };
    let server = Server::start(shared.clone(), &binding)?;
    println!("{}", server.url());
    io::stdout().flush()?;
    if files.iter().any(|path| is_stdin(path)) {
        follow_stdin(shared.clone())?;
    }
    follow(followed, &shared)?;
    // There is standard input alone.
    loop {
        std::thread::park();
    }
}
