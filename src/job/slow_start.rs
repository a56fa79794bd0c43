//! Slow start: Pods are created in batches that double while all goes well
//! (`pkg/controller/job/job_controller.go`, `manageJob`).

/// The first batch (`SlowStartInitialBatchSize`): one refusal must not be repeated a thousand times.
const FIRST_BATCH: usize = 1;

/// The sizes of the batches for so many creations; whoever performs them stops after a batch with an error.
pub fn batches(total: usize) -> impl Iterator<Item = usize> {
    let mut left = total;
    let mut next = FIRST_BATCH;
    std::iter::from_fn(move || {
        let size = next.min(left);
        left -= size;
        next = next.saturating_mul(2);
        (size > 0).then_some(size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_double_and_add_up_to_the_total() {
        for (total, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (7, vec![1, 2, 4]),
            (10, vec![1, 2, 4, 3]),
        ] {
            assert_eq!(batches(total).collect::<Vec<_>>(), sizes, "{total}");
        }
        assert_eq!(batches(500).sum::<usize>(), 500);
    }
}
