//! Registration: whatever a relay does, the tree goes on.
