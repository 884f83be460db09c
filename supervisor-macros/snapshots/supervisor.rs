/// The payments.
#[must_use = "when the last handle is dropped, the tree is shut down"]
#[allow(dead_code)]
pub struct Payments {
    /// The ledger.
    pub ledger: ::rust_supervisor::__private::HandleOf<ledger>,
    /// The child `fraud`.
    pub fraud: ::rust_supervisor::__private::HandleOf<fraud::scorer>,
    /// The child `orders`.
    orders: ::rust_supervisor::__private::HandleOf<consumer<Orders>>,
    #[cfg(windows)]
    /// The child `service`.
    service: ::rust_supervisor::__private::HandleOf<win::service>,
    #[doc(hidden)]
    __seat: ::rust_supervisor::__private::Seat,
}
#[allow(dead_code)]
impl Payments {
    /// The place of `ledger`.
    pub const LEDGER: ::rust_supervisor::__private::Slot<Self, ledger> = ::rust_supervisor::__private::slot(
        "ledger",
    );
    /// The place of `fraud`.
    pub const FRAUD: ::rust_supervisor::__private::Slot<Self, fraud::scorer> = ::rust_supervisor::__private::slot(
        "fraud",
    );
    /// The place of `orders`.
    const ORDERS: ::rust_supervisor::__private::Slot<Self, consumer<Orders>> = ::rust_supervisor::__private::slot(
        "orders",
    );
    #[cfg(windows)]
    /// The place of `service`.
    const SERVICE: ::rust_supervisor::__private::Slot<Self, win::service> = ::rust_supervisor::__private::slot(
        "service",
    );
}
#[allow(unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    use ::rust_supervisor::__private as __rt;
    static __SLOTS: &[__rt::DeclaredSlot] = &[
        (__rt::DeclaredSlot::new::<ledger, _>)("ledger"),
        (__rt::DeclaredSlot::new::<fraud::scorer, _>)("fraud")
            .saying(
                &const {
                    (__rt::SaidAtField::here)()
                        .with_policy(
                            __rt::PolicyPatch::NONE.restart(__rt::Restart::Permanent),
                        )
                },
            ),
        (__rt::DeclaredSlot::new::<consumer<Orders>, _>)("orders")
            .saying(
                &const {
                    __rt::SaidAtField::NONE
                        .asking({
                            use __rt::AskNobody as _;
                            <::rust_supervisor::__private::Asks<consumer<Orders>>>::ASK
                        })
                },
            ),
        #[cfg(windows)]
        (__rt::DeclaredSlot::new::<win::service, _>)("service"),
    ];
    static __DECLARED: __rt::DeclaredSupervisor = __rt::DeclaredSupervisor::new(
            <Payments as __rt::Supervised>::KEY,
            __SLOTS,
        )
        .wired_as::<Payments>()
        .strategy(__rt::Strategy::RestForOne)
        .intensity(3, __rt::Duration::from_secs(10));
    impl __rt::Supervised for Payments {
        type Handle = Self;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "Payments",
            "0.1.0",
            12397551282835092839,
        );
        const NODE: __rt::Node = __rt::Node::Supervisor(&__DECLARED);
    }
    impl __rt::Needs<__rt::NoArgs> for Payments {}
    impl __rt::RunsUnder<AppState> for Payments {
        const RUNS: __rt::Runs<AppState> = __rt::Runs::Supervisor(
            &const {
                [
                    (__rt::runs::<ledger, AppState>)(),
                    (__rt::runs::<fraud::scorer, AppState>)(),
                    (__rt::runs::<consumer<Orders>, AppState>)(),
                    #[cfg(windows)]
                    (__rt::runs::<win::service, AppState>)(),
                ]
            },
        );
    }
    impl __rt::FromSeat for Payments {
        fn from_seat(__seat: __rt::Seat) -> Self {
            Self {
                ledger: __rt::part(&__seat, "ledger"),
                fraud: __rt::part(&__seat, "fraud"),
                orders: __rt::part(&__seat, "orders"),
                #[cfg(windows)]
                service: __rt::part(&__seat, "service"),
                __seat,
            }
        }
    }
    impl __rt::Seated for Payments {
        const WIRES: &'static [__rt::Wire] = &const {
            __rt::wires::<_, _, { __REPORT.wired() }>(__REPORT)
        };
        fn seat(&self) -> &__rt::Seat {
            &self.__seat
        }
    }
    impl __rt::Clone for Payments {
        fn clone(&self) -> Self {
            __rt::FromSeat::from_seat(__rt::Clone::clone(&self.__seat))
        }
    }
    impl __rt::Debug for Payments {
        fn fmt(&self, f: &mut __rt::Formatter<'_>) -> __rt::FmtResult {
            __rt::Debug::fmt(&self.__seat, f)
        }
    }
    impl __rt::PartialEq for Payments {
        fn eq(&self, other: &Self) -> __rt::bool {
            __rt::PartialEq::eq(&self.__seat, &other.__seat)
        }
    }
    impl __rt::Eq for Payments {}
    #[allow(long_running_const_eval)]
    const __REPORT: &__rt::Report<
        { __rt::nodes_below(&__DECLARED) },
        { __rt::wishes_below(&__DECLARED) },
    > = &__rt::analyse(&__DECLARED);
    #[allow(dead_code)]
    #[track_caller]
    const fn __check(__field: &__rt::str) -> __rt::bool {
        __rt::check_field_called(&__DECLARED, __REPORT, __field)
    }
    const _: () = {
        let () = <::rust_supervisor::__private::RestartLimit<
            { (__check)("ledger") },
        >>::CAN_BE_SPENT;
        let () = <::rust_supervisor::__private::RestartLimit<
            { (__check)("fraud") },
        >>::CAN_BE_SPENT;
        let () = <::rust_supervisor::__private::RestartLimit<
            { (__check)("orders") },
        >>::CAN_BE_SPENT;
        #[cfg(windows)]
        let () = <::rust_supervisor::__private::RestartLimit<
            { (__check)("service") },
        >>::CAN_BE_SPENT;
    };
    const _: () = (__rt::check_leases::<Payments, AppState>)();
};
