//! What generated code names, and users do not.
