//! One way to keep private data out of `Debug`.

/// Implements `Debug` for a type that holds a phone, a name, a token or a key. It prints the type's
/// name and nothing else.
///
/// ```
/// struct Token(String);
/// model::hide_debug!(Token);
/// assert_eq!(format!("{:?}", Token("secret".to_owned())), "Token(…)");
/// ```
#[macro_export]
macro_rules! hide_debug {
    ($type:ident $(<$lifetime:lifetime>)?) => {
        impl ::std::fmt::Debug for $type $(<$lifetime>)? {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    };
}
