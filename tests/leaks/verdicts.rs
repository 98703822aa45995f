//! What becomes of each way is what its row says.

use crate::{
    classes::{Class, classes},
    den::{Den, Gone},
    tools,
};

fn check(letter: char) {
    let class: Class = classes()
        .into_iter()
        .find(|class| class.letter == letter)
        .unwrap();
    let (ways, lacks) = tools::available(&class.ways);
    tools::skipped(
        class.ways.len() - ways.len(),
        class.ways.len(),
        &format!("leak ways of class {letter}"),
        &lacks,
    );
    let mut den = Den::open();

    let gone: Vec<Gone> = den.go(&ways);

    let wrong: Vec<String> = ways
        .iter()
        .zip(&gone)
        .filter(|(way, gone)| !gone.is(way.verdict))
        .map(|(way, gone)| {
            format!(
                "{}: {:?} is said, but {:.300}",
                way.name,
                way.verdict,
                gone.told()
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        ways.len(),
        wrong.join("\n")
    );
}

#[test]
fn what_is_printed_as_it_is_escaped_encoded_or_in_part_is_masked() {
    check('A');
}

#[test]
fn what_is_printed_in_disguise_is_withheld() {
    check('B');
}

#[test]
fn of_what_is_packed_or_exchanged_the_table_tells_what_is_withheld() {
    check('C');
}
