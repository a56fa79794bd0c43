//! The reconcile loop: watch, decide with `job::reconcile`, act.
