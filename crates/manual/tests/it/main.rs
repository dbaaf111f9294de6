//! What there is to read holds together: every page is listed, every link leads somewhere, in both languages.

#[cfg(test)]
mod bill;
#[cfg(test)]
mod books;
