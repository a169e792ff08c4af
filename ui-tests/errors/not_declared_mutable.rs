//! Parameters changed without `mut`.

#[instrumented]
fn change(n: u8, text: String, words: &Vec<u8>) -> u8 {
    n += 1;
    text.push('a');
    words.push(1);
    n
}

#[instrumented]
async fn change_later(n: u8, text: String, words: &Vec<u8>) -> u8 {
    n += 1;
    text.push('a');
    words.push(1);
    n
}

fn main() {}
