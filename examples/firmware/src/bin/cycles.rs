//! Estimates the cycles of a measured operation on a Cortex-M4 from a trace of QEMU:
//! `qemu-system-arm … -d in_asm,exec,nochain -D >(cycles)`, where `-D` is a file that this program reads.
//!
//! Each executed instruction takes as long as the Cortex-M4's Technical Reference Manual says (tables 3-1 and 7-1), for
//! memory without wait states: a load or store of n words n + 1 cycles, a taken branch 3 (1 and a refill of 1 to 3, here 2),
//! a division 12 of 2 to 12, `vfma` 3, and most others 1. That neighbouring loads may overlap is not counted.
//!
//! Prints instructions and cycles of each operation, between the call of `measured` and the return to `measure`; with
//! `functions` or `blocks` as argument, those of each function or block of code.

use std::collections::HashMap;
use std::env::args;
use std::io::{self, BufRead};

/// The cycles of a refill of the pipeline.
const REFILL: u64 = 2;

/// Instructions that are executed one after the other.
#[derive(Default)]
struct Block {
    function: String,
    /// The address after the last instruction.
    end: u64,
    instructions: u64,
    /// Without the branch at the end.
    cycles: u64,
    text: String,
    executed: u64,
    /// How often another block followed than the next one.
    branched: u64,
}

impl Block {
    /// Adds an instruction, from a line of disassembly: address, one or two halfwords, mnemonic, operands.
    fn push(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let address =
            words.next().and_then(|word| word.strip_prefix("0x")?.strip_suffix(':')).map(hex).unwrap_or_default();
        let wide = words.next().map(hex).unwrap_or_default() >> 11 >= 0b11101;
        if wide {
            words.next();
        }
        let mnemonic = words.next().unwrap_or_default();
        let operands = words.collect::<Vec<_>>().join(" ");
        self.end = address + if wide { 4 } else { 2 };
        self.instructions += 1;
        self.cycles += cycles(mnemonic, &operands);
        self.text += &format!("    {line}\n");
    }
}

fn hex(digits: &str) -> u64 {
    u64::from_str_radix(digits, 16).unwrap_or_default()
}

/// The registers in a list like `{r0, r4-r6}`.
fn registers(operands: &str) -> u64 {
    let list = operands.split_once('{').and_then(|(_, list)| list.split_once('}')).map_or("", |(list, _)| list);
    let number =
        |register: &str| register.trim().trim_start_matches(char::is_alphabetic).parse::<u64>().unwrap_or_default();
    let count =
        |part: &str| part.split_once('-').map_or(1, |(first, last)| number(last).saturating_sub(number(first)) + 1);
    let words = if list.trim_start().starts_with('d') { 2 } else { 1 };
    list.split(',').filter(|part| !part.trim().is_empty()).map(|part| words * count(part)).sum()
}

/// The cycles of an instruction, not counting the refill after a branch.
fn cycles(mnemonic: &str, operands: &str) -> u64 {
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| mnemonic.starts_with(prefix));
    let double = mnemonic.contains("64") || operands.starts_with('d');
    if is(&["ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop"]) {
        1 + registers(operands)
    } else if is(&["ldrd", "strd"]) || is(&["vldr", "vstr"]) && double {
        3
    } else if is(&["ldr", "str", "vldr", "vstr"]) {
        2
    } else if is(&["vfma", "vfms", "vfnm", "vmla", "vmls", "vnml"]) {
        3
    } else if is(&["vdiv", "vsqrt"]) {
        14
    } else if is(&["sdiv", "udiv"]) {
        12
    } else {
        1
    }
}

fn main() -> io::Result<()> {
    let mut blocks: HashMap<String, Block> = HashMap::new();
    let mut new: Option<Block> = None;
    let (mut last, mut measuring) = (None::<String>, false);
    let by = args().nth(1).unwrap_or_default();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if let Some(function) = line.strip_prefix("IN: ") {
            new = Some(Block { function: function.trim().to_owned(), ..Block::default() });
        } else if let (true, Some(block)) = (line.starts_with("0x"), &mut new) {
            block.push(&line);
        } else if let Some(trace) = line.strip_prefix("Trace 0: ") {
            let (host, rest) = trace.split_once(' ').unwrap_or_default();
            let start = rest.split('/').nth(1).map(hex).unwrap_or_default();
            if let Some(block) = new.take() {
                blocks.insert(host.to_owned(), block);
            }
            if let (true, Some(last)) = (measuring, last.take().and_then(|last| blocks.get_mut(&last))) {
                last.branched += u64::from(last.end != start);
            }
            let Some(block) = blocks.get(host) else { continue };
            if !measuring && block.function.contains("measured") {
                measuring = true;
                blocks.values_mut().for_each(|block| (block.executed, block.branched) = (0, 0));
            } else if measuring && block.function.contains("7measure") {
                measuring = false;
                report(&blocks, &by);
            }
            if measuring && let Some(block) = blocks.get_mut(host) {
                block.executed += 1;
                last = Some(host.to_owned());
            }
        }
    }
    Ok(())
}

/// Prints what was executed, by name.
fn report(blocks: &HashMap<String, Block>, by: &str) {
    let totals =
        |block: &Block| (block.executed * block.instructions, block.executed * block.cycles + block.branched * REFILL);
    let mut parts: HashMap<String, (u64, u64)> = HashMap::new();
    for (host, block) in blocks {
        let name = match by {
            "functions" => block.function.clone(),
            "blocks" => format!("{} {}, {} times\n{}", host, block.function, block.executed, block.text),
            _ => String::new(),
        };
        let (sum, (instructions, cycles)) = (parts.entry(name).or_default(), totals(block));
        *sum = (sum.0 + instructions, sum.1 + cycles);
    }
    let mut parts: Vec<_> = parts.into_iter().filter(|(_, (instructions, _))| *instructions > 0).collect();
    parts.sort_by_key(|(_, (instructions, _))| std::cmp::Reverse(*instructions));
    for (name, (instructions, cycles)) in parts {
        println!("{}", format!("{instructions} {cycles} {name}").trim_end());
    }
}
