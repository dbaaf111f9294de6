//! A disk that can tear, lose, fill and corrupt, from one seed.
