/// The payments.
#[must_use = "when the last handle is dropped, the tree is shut down"]
#[allow(dead_code)]
pub struct Payments {
    /// The ledger.
    pub ledger: ::rust_supervisor::__private::HandleOf<ledger>,
    ///The child `fraud`.
    pub fraud: ::rust_supervisor::__private::HandleOf<fraud::scorer>,
    ///The child `orders`.
    orders: ::rust_supervisor::__private::HandleOf<consumer<Orders>>,
    #[cfg(windows)]
    ///The child `service`.
    service: ::rust_supervisor::__private::HandleOf<win::service>,
    #[doc(hidden)]
    __seat: ::rust_supervisor::__private::Seat,
}
impl Payments {
    ///The place of `ledger`.
    #[allow(dead_code)]
    pub const LEDGER: ::rust_supervisor::__private::Slot<Self, ledger> = ::rust_supervisor::__private::slot(
        "ledger",
    );
    ///The place of `fraud`.
    #[allow(dead_code)]
    pub const FRAUD: ::rust_supervisor::__private::Slot<Self, fraud::scorer> = ::rust_supervisor::__private::slot(
        "fraud",
    );
    ///The place of `orders`.
    #[allow(dead_code)]
    const ORDERS: ::rust_supervisor::__private::Slot<Self, consumer<Orders>> = ::rust_supervisor::__private::slot(
        "orders",
    );
    #[cfg(windows)]
    ///The place of `service`.
    #[allow(dead_code)]
    const SERVICE: ::rust_supervisor::__private::Slot<Self, win::service> = ::rust_supervisor::__private::slot(
        "service",
    );
}
#[allow(unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for Payments {
        type Handle = Self;
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Supervisor(
            &const {
                ::rust_supervisor::__private::DeclaredSupervisor::new(
                        &const {
                            [
                                (::rust_supervisor::__private::DeclaredSlot::new::<
                                    ledger,
                                    _,
                                >)(
                                    "ledger",
                                    ::rust_supervisor::__private::PolicyPatch::NONE,
                                ),
                                (::rust_supervisor::__private::DeclaredSlot::said_here)(
                                    (::rust_supervisor::__private::DeclaredSlot::new::<
                                        fraud::scorer,
                                        _,
                                    >)(
                                        "fraud",
                                        ::rust_supervisor::__private::PolicyPatch::NONE
                                            .restart(::rust_supervisor::__private::Restart::Permanent),
                                    ),
                                ),
                                (::rust_supervisor::__private::DeclaredSlot::new::<
                                    consumer<Orders>,
                                    _,
                                >)(
                                        "orders",
                                        ::rust_supervisor::__private::PolicyPatch::NONE,
                                    )
                                    .asking({
                                        use ::rust_supervisor::__private::AskNobody as _;
                                        <::rust_supervisor::__private::Asks<consumer<Orders>>>::ASK
                                    }),
                                #[cfg(windows)]
                                (::rust_supervisor::__private::DeclaredSlot::new::<
                                    win::service,
                                    _,
                                >)(
                                    "service",
                                    ::rust_supervisor::__private::PolicyPatch::NONE,
                                ),
                            ]
                        },
                        ::rust_supervisor::__private::PolicyPatch::NONE,
                        ::rust_supervisor::__private::PolicyPatch::NONE,
                    )
                    .strategy(::rust_supervisor::__private::Strategy::RestForOne)
                    .intensity(
                        3,
                        ::rust_supervisor::__private::Duration::new(10u64, 0u32),
                    )
            },
        );
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "Payments",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const ITEM: &'static ::rust_supervisor::__private::Item = &::rust_supervisor::__private::Item::supervisor(
            Self::KEY,
            &const {
                [
                    (::rust_supervisor::__private::ItemSlot::new::<ledger>)("ledger"),
                    (::rust_supervisor::__private::ItemSlot::new::<
                        fraud::scorer,
                    >)("fraud")
                        .restart(::rust_supervisor::__private::Restart::Permanent)
                        .says_something(),
                    (::rust_supervisor::__private::ItemSlot::new::<
                        consumer<Orders>,
                    >)("orders"),
                    #[cfg(windows)]
                    (::rust_supervisor::__private::ItemSlot::new::<
                        win::service,
                    >)("service"),
                ]
            },
        );
    }
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for Payments {}
    impl ::rust_supervisor::__private::RunsUnder<AppState> for Payments {
        const RUNS: ::rust_supervisor::__private::Runs<AppState> = ::rust_supervisor::__private::Runs::Supervisor(
            &const {
                [
                    <ledger as ::rust_supervisor::__private::RunsUnder<AppState>>::RUNS,
                    <fraud::scorer as ::rust_supervisor::__private::RunsUnder<
                        AppState,
                    >>::RUNS,
                    <consumer<
                        Orders,
                    > as ::rust_supervisor::__private::RunsUnder<AppState>>::RUNS,
                    #[cfg(windows)]
                    <win::service as ::rust_supervisor::__private::RunsUnder<
                        AppState,
                    >>::RUNS,
                ]
            },
        );
    }
    impl ::rust_supervisor::__private::FromSeat for Payments {
        fn from_seat(__seat: ::rust_supervisor::__private::Seat) -> Self {
            Self {
                ledger: (::rust_supervisor::__private::child::<
                    ledger,
                >)(&__seat, "ledger"),
                fraud: (::rust_supervisor::__private::child::<
                    fraud::scorer,
                >)(&__seat, "fraud"),
                orders: (::rust_supervisor::__private::child::<
                    consumer<Orders>,
                >)(&__seat, "orders"),
                #[cfg(windows)]
                service: (::rust_supervisor::__private::child::<
                    win::service,
                >)(&__seat, "service"),
                __seat,
            }
        }
    }
    impl ::rust_supervisor::__private::Seated for Payments {
        const WIRES: &'static [::rust_supervisor::__private::Wire] = &const {
            ::rust_supervisor::__private::wires::<_, _, { __REPORT.wired() }>(__REPORT)
        };
        fn seat(&self) -> &::rust_supervisor::__private::Seat {
            &self.__seat
        }
    }
    impl ::rust_supervisor::__private::Clone for Payments {
        fn clone(&self) -> Self {
            ::rust_supervisor::__private::FromSeat::from_seat(
                ::rust_supervisor::__private::Clone::clone(&self.__seat),
            )
        }
    }
    impl ::rust_supervisor::__private::Debug for Payments {
        fn fmt(
            &self,
            f: &mut ::rust_supervisor::__private::Formatter<'_>,
        ) -> ::rust_supervisor::__private::FmtResult {
            ::rust_supervisor::__private::Debug::fmt(&self.__seat, f)
        }
    }
    impl ::rust_supervisor::__private::PartialEq for Payments {
        fn eq(&self, other: &Self) -> ::rust_supervisor::__private::bool {
            ::rust_supervisor::__private::PartialEq::eq(&self.__seat, &other.__seat)
        }
    }
    impl ::rust_supervisor::__private::Eq for Payments {}
    #[allow(long_running_const_eval)]
    const __REPORT: &::rust_supervisor::__private::Report<
        {
            ::rust_supervisor::__private::nodes_below(
                <Payments as ::rust_supervisor::__private::Supervised>::ITEM,
            )
        },
        {
            ::rust_supervisor::__private::wishes_below(
                <Payments as ::rust_supervisor::__private::Supervised>::ITEM,
            )
        },
    > = &::rust_supervisor::__private::analyse(
        <Payments as ::rust_supervisor::__private::Supervised>::ITEM,
    );
    const _: () = {
        (::rust_supervisor::__private::check_field_called::<
            Payments,
            _,
            _,
        >)(__REPORT, "ledger");
        <::rust_supervisor::__private::RestartLimit<
            { ::rust_supervisor::__private::never_trips_called::<Payments>("ledger") },
        >>::CAN_BE_SPENT
    };
    const _: () = {
        (::rust_supervisor::__private::check_field_called::<
            Payments,
            _,
            _,
        >)(__REPORT, "fraud");
        <::rust_supervisor::__private::RestartLimit<
            { ::rust_supervisor::__private::never_trips_called::<Payments>("fraud") },
        >>::CAN_BE_SPENT
    };
    const _: () = {
        (::rust_supervisor::__private::check_field_called::<
            Payments,
            _,
            _,
        >)(__REPORT, "orders");
        <::rust_supervisor::__private::RestartLimit<
            { ::rust_supervisor::__private::never_trips_called::<Payments>("orders") },
        >>::CAN_BE_SPENT
    };
    #[cfg(windows)]
    const _: () = {
        (::rust_supervisor::__private::check_field_called::<
            Payments,
            _,
            _,
        >)(__REPORT, "service");
        <::rust_supervisor::__private::RestartLimit<
            { ::rust_supervisor::__private::never_trips_called::<Payments>("service") },
        >>::CAN_BE_SPENT
    };
};
