//! Manifests as data: YAML, names, labels, digests, lint.
