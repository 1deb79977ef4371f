//! Everything in turn: trials, power loss, storm; once, or for as long as it is told.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use stepwell::store::Durability;

use super::record::Ledger;
use super::{Arguments, Common, SoakArguments, Weather, binary, storm};
use recording_vfs::Disk;

use crate::power;
use crate::random::Random;
use crate::trial;
use crate::trial::findings::{Findings, Kind};

/// How often a round of a soak kills the server and loses power.
const SOAK_KILLS: u64 = 100;
const SOAK_LOSSES: u64 = 200;

/// One turn of everything.
struct Round<'a> {
    kills: u64,
    losses: u64,
    trials: Vec<trial::Trial>,
    /// Whether to put in faults on purpose as well.
    proves: bool,
    clients: u64,
    program: Option<PathBuf>,
    findings: &'a Arc<Findings>,
}

/// Does everything once. Fails if a promise was not kept.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (begin, seed) = (Instant::now(), seed(&arguments.common));
    let findings = Arc::new(Findings::default());
    let is_all = arguments.trials.is_empty();
    let kills = if is_all { arguments.kills } else { 0 };
    let round = Round {
        kills,
        losses: if is_all { arguments.losses } else { 0 },
        trials: trial::named(&arguments.trials)?,
        proves: is_all,
        clients: arguments.common.clients,
        program: if kills > 0 { Some(program(&arguments.common)?) } else { None },
        findings: &findings,
    };
    round.go(&mut Random::new(seed))?;
    finish(&arguments.common, seed, begin.elapsed(), 1, &findings)
}

/// Does everything again and again. Fails if a promise was not kept.
pub(crate) fn soak(arguments: &SoakArguments) -> Result<ExitCode> {
    let (begin, seed) = (Instant::now(), seed(&arguments.common));
    let findings = Arc::new(Findings::default());
    let mut random = Random::new(seed);
    let program = program(&arguments.common)?;
    let mut rounds = 0;
    while rounds == 0 || begin.elapsed() < Duration::from_secs(arguments.minutes * 60) {
        rounds += 1;
        let minutes = begin.elapsed().as_secs() / 60;
        println!("\nround {rounds}, after {minutes} minutes, {} faults", findings.faults());
        let round = Round {
            kills: SOAK_KILLS,
            losses: SOAK_LOSSES,
            trials: trial::named(&[])?,
            proves: rounds == 1,
            clients: arguments.common.clients,
            program: Some(program.clone()),
            findings: &findings,
        };
        round.go(&mut random)?;
        // Whoever ends this early has what was found so far.
        write(&arguments.common, seed, begin.elapsed(), rounds, &findings)?;
    }
    finish(&arguments.common, seed, begin.elapsed(), rounds, &findings)
}

impl Round<'_> {
    fn go(self, random: &mut Random) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut other = random.fork();
        runtime.block_on(async {
            let prove = async {
                if self.proves {
                    trial::prove(&mut other, self.findings).await;
                }
            };
            tokio::join!(trial::run(self.trials, random, self.findings), prove);
        });
        let failing = Disk::Failing { every: random.between(150, 3_000) };
        for (durability, disk, share) in [
            (Durability::Full, Disk::Honest, 2),
            (Durability::Normal, Disk::Honest, 4),
            (Durability::Full, failing, 4),
        ] {
            let (seed, losses) = (random.below(u64::MAX), self.losses / share);
            let plan = power::Plan { seed, losses, durability, disk };
            let lost = runtime.block_on(power::lose_power(plan));
            lost.with_context(|| format!("{plan:?}"))?.add_to(self.findings, plan);
        }
        runtime.shutdown_background();
        let Some(program) = self.program else { return Ok(()) };
        let weather = Weather {
            kills: self.kills,
            clients: self.clients,
            seed: random.below(1 << 32),
            program,
            ledger: Arc::new(Ledger::default()),
        };
        storm(weather, self.findings)
    }
}

fn seed(common: &Common) -> u64 {
    let seed = common.seed.unwrap_or_else(Random::seed);
    println!("chaos: seed {seed}");
    seed
}

fn program(common: &Common) -> Result<PathBuf> {
    match &common.bin {
        Some(program) => Ok(program.clone()),
        None => binary::build(common.profile),
    }
}

/// Writes the report for machines, if that is wanted.
fn write(
    common: &Common,
    seed: u64,
    took: Duration,
    rounds: u64,
    findings: &Findings,
) -> Result<()> {
    let Some(path) = &common.report else { return Ok(()) };
    let mut report = json!({ "seed": seed, "seconds": took.as_secs(), "rounds": rounds });
    if let (Some(report), Some(more)) = (report.as_object_mut(), findings.json().as_object()) {
        report.extend(more.clone());
    }
    std::fs::write(path, format!("{report:#}\n"))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Prints and writes the report.
fn finish(
    common: &Common,
    seed: u64,
    took: Duration,
    rounds: u64,
    findings: &Findings,
) -> Result<ExitCode> {
    write(common, seed, took, rounds, findings)?;
    println!("\n{rounds} rounds in {} s, seed {seed}\n{}", took.as_secs(), findings.text());
    if findings.faults() == 0 {
        println!("every promise was kept");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

impl power::Losses {
    fn add_to(self, findings: &Findings, plan: power::Plan) {
        let (losses, kept) = match (plan.durability, plan.disk) {
            (Durability::Full, Disk::Failing { .. }) => {
                ("power losses of failing disks", "answered writes kept by failing disks")
            }
            (Durability::Full, _) => ("power losses", "answered writes kept through power loss"),
            (Durability::Normal, _) => {
                ("power losses with `Normal`", "answered writes kept with `Normal`")
            }
        };
        findings.done(losses, self.losses);
        findings.done(kept, self.kept);
        findings.done("writes that failed with the disk", self.failures);
        findings.done("answered writes of the tail lost with `Normal`", self.tail);
        for (kind, faults) in [
            (Kind::WriteLost, self.lost),
            (Kind::WriteTorn, self.torn),
            (Kind::Unreadable, self.unreadable),
        ] {
            for what in faults {
                findings.broken(kind, "power", what);
            }
        }
    }
}
