pub(crate) fn main(){}
