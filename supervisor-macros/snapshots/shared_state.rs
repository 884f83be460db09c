#[allow(unused_parens, clippy::all, clippy::pedantic)]
impl<T> ::rust_supervisor::__private::Provide<Db<T>> for AppState<T> {
    const PLACE: &'static ::rust_supervisor::__private::str = "db";
    fn provide(&self) -> Db<T> {
        (::rust_supervisor::__private::share)(&self.db)
    }
}
