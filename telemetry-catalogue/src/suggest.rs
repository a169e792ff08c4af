//! Nearest-name suggestions for error messages.

/// The candidate most like `name`, or none where nothing is near enough to be meant.
///
/// Near enough is an edit distance (a swap of neighbours counts once) of at most a third of the
/// longer name, or one being the beginning of the other.
///
/// ```
/// use telemetry_catalogue::nearest;
///
/// assert_eq!(nearest("usge", ["usage", "result"]), Some("usage"));
/// assert_eq!(nearest("finish", ["finish_reason", "usage"]), Some("finish_reason"));
/// assert_eq!(nearest("colour", ["usage", "result"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(name, candidate);
            let longer = name.chars().count().max(candidate.chars().count());
            let prefix = name.len() >= 3 && candidate.starts_with(name)
                || candidate.len() >= 3 && name.starts_with(candidate);
            (distance <= longer.div_ceil(3) && distance < longer || prefix).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insert, delete, replace, swap neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}
