//! Workflows drawn at random.

/// Numbers that look random and are the same each time.
pub(in crate::workflow) struct Dice(pub(in crate::workflow) u64);

impl Dice {
    /// Returns a number below `sides`.
    pub(in crate::workflow) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(in crate::workflow) fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }

    fn some(&mut self, from: &[&str], most: u64, between: &str) -> String {
        let count = 1 + self.roll(most);
        let picked: Vec<&str> = (0..count).map(|_| self.pick(from)).collect();
        picked.join(between)
    }
}

const PLAIN: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// Draws a workflow. Most begin and end, and return what others accept, for one that does not is
/// refused before its paths are looked at.
pub(in crate::workflow) fn workflow(dice: &mut Dice) -> String {
    let mut events = PLAIN[..2 + usize::try_from(dice.roll(5)).unwrap()].to_vec();
    if dice.one_in(30) {
        events.push("A~Old");
        events.push("G~Old");
    }
    let mut lines = Vec::new();
    let mut accepted = Vec::new();
    let count = 1 + dice.roll(6);
    for _ in 0..count {
        let input = input(dice, &events);
        accepted.extend(events.iter().filter(|event| input.contains(**event)));
        lines.push(input);
    }
    let is_tidy = !dice.one_in(8);
    let returned = if is_tidy && !accepted.is_empty() { &accepted } else { &events };
    let mut text = String::new();
    let generous = if dice.one_in(4) { lines.len() - 1 } else { 0 };
    for (at, input) in lines.iter().enumerate() {
        let mut output = output(dice, returned);
        if is_tidy && at == generous {
            // Everything that is accepted comes from somewhere.
            accepted.iter().for_each(|event| {
                let list =
                    if dice.one_in(2) { format!(" | [{event}]") } else { format!(" | {event}") };
                output += &list;
            });
        }
        let input = if at == 0 && !dice.one_in(20) { "Start" } else { input };
        let stop = match at + 1 == lines.len() {
            true if !dice.one_in(20) => " | Stop",
            false if dice.one_in(40) => " | StopNow",
            _ => "",
        };
        let name = if dice.one_in(60) { "s0".to_owned() } else { format!("s{at}") };
        let skips = dice.pick(&["", "", "", "", " skips dead-end", " skips reachability"]);
        text += &format!("{name}{skips}: {input} -> {output}{stop}\n");
    }
    for at in 0..dice.roll(3) {
        text += &handler(dice, at, returned);
    }
    if dice.one_in(6) {
        text += &format!("+ {}\n", dice.some(&events, 2, ", "));
    }
    text += dice.pick(&["", "", "", "skip dead-end", "skip reachability"]);
    text
}

fn input(dice: &mut Dice, events: &[&str]) -> String {
    match dice.roll(40) {
        0 => "Stop".to_owned(),
        1 => "Failed<Any>".to_owned(),
        2 => "StartAgain".to_owned(),
        3..6 => format!("Answer | {}", dice.pick(events)),
        6..14 => format!("Join<{}>", dice.some(events, 2, " | ")),
        14..22 => format!("{} & {}", dice.pick(events), dice.some(events, 2, " & ")),
        _ => dice.some(events, 2, " | "),
    }
}

fn output(dice: &mut Dice, events: &[&str]) -> String {
    match dice.roll(24) {
        0 => "Ask".to_owned(),
        1..4 => "-".to_owned(),
        4..10 => format!("[{}]", dice.some(events, 2, " | ")),
        10..14 => format!("[{}] | {}", dice.pick(events), dice.pick(events)),
        _ => dice.some(events, 2, " | "),
    }
}

fn handler(dice: &mut Dice, at: u64, events: &[&str]) -> String {
    let steps = match dice.roll(12) {
        0..4 => "all".to_owned(),
        4 => "s9".to_owned(),
        5 => "h0, s0".to_owned(),
        6 => String::new(),
        _ => dice.some(&["s0", "s1", "s2"], 2, ", "),
    };
    let held = dice.pick(&["Any", "Any", "Any", "Any", "A | B | C", "Start", "Join<A | B | C>"]);
    let output = output(dice, events);
    format!("h{at} catches {steps} x{}: Failed<{held}> -> {output}\n", dice.roll(30).min(1))
}
