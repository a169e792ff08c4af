//! Labels of loops and of blocks, with values.

#[instrumented]
fn find(rows: &[[u8; 2]], wanted: u8) -> Option<(usize, usize)> {
    let found = 'found: {
        'rows: for (y, row) in rows.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                if *cell == 0 {
                    continue 'rows;
                }
                if *cell == wanted {
                    break 'found Some((x, y));
                }
            }
        }
        None
    };
    found
}

pub(super) fn check() {
    assert_eq!(find(&[[0, 2], [1, 2]], 2), Some((1, 1)));
}
