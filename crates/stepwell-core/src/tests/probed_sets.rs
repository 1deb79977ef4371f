//! Scenarios that the reference was probed with, as far as the reducer shows them:
//! collections and batches.

use expect_test::expect;

use super::check;

#[test]
fn ce_3_ce_6_p13_sets_in_order_and_one_after_the_other() {
    check(
        "start Start
        first takes Start
        c x1 takes X A B",
        "0 start Start
        #1 returns [X{n=0} B{n=1} A{n=2} A{n=3} A{n=4} B{n=5} A{n=6} B{n=7}]
        #2 collects X{n=0} of [A B A]
        #2 returns nothing
        #3 collects B{n=1} of [A B A]
        #3 returns nothing
        #4 collects A{n=2} of [A B A]
        #4 returns nothing
        #5 collects A{n=3} of [A B A]
        #5 returns nothing
        #6 collects A{n=4} of [A B A]
        #6 returns nothing
        #7 collects B{n=5} of [A B A]
        #7 returns nothing
        #8 collects A{n=6} of [A B A]
        #8 returns nothing
        #9 collects B{n=7} of [A B A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [X{n=0} B{n=1} A{n=2} A{n=3} A{n=4} B{n=5} A{n=6} B{n=7}] -> first.0 returned list; c.0 running X; run #2 c(X{n=0}); c queued B; c queued A; c queued A; c queued A; c queued B; c queued A; c queued B
            #2 collects X{n=0} of [A B A] -> answer #2 no set
            #2 returns nothing -> c.0 returned nothing; c.0 running B; run #3 c(B{n=1})
            #3 collects B{n=1} of [A B A] -> answer #3 no set
            #3 returns nothing -> c.0 returned nothing; c.0 running A; run #4 c(A{n=2})
            #4 collects A{n=2} of [A B A] -> answer #4 no set
            #4 returns nothing -> c.0 returned nothing; c.0 running A; run #5 c(A{n=3})
            #5 collects A{n=3} of [A B A] -> answer #5 [A{n=2} B{n=1} A{n=3}]
            #5 returns nothing -> c.0 returned nothing; c.0 running A; run #6 c(A{n=4})
            #6 collects A{n=4} of [A B A] -> answer #6 no set
            #6 returns nothing -> c.0 returned nothing; c.0 running B; run #7 c(B{n=5})
            #7 collects B{n=5} of [A B A] -> answer #7 no set
            #7 returns nothing -> c.0 returned nothing; c.0 running A; run #8 c(A{n=6})
            #8 collects A{n=6} of [A B A] -> answer #8 [A{n=4} B{n=5} A{n=6}]
            #8 returns nothing -> c.0 returned nothing; c.0 running B; run #9 c(B{n=7})
            #9 collects B{n=7} of [A B A] -> answer #9 no set
        "#]],
    );
}

#[test]
fn ce_7_r_3_p13_racing_bodies_run_once_each() {
    check(
        "start Start
        first takes Start
        c takes A",
        "0 start Start
        #1 returns [A{n=0} A{n=1} A{n=2}]
        #2 collects A{n=0} of [A A A]
        #3 collects A{n=1} of [A A A]
        #4 collects A{n=2} of [A A A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1} A{n=2}] -> first.0 returned list; c.0 running A; run #2 c(A{n=0}); c.1 running A; run #3 c(A{n=1}); c.2 running A; run #4 c(A{n=2})
            #2 collects A{n=0} of [A A A] -> answer #2 no set
            #3 collects A{n=1} of [A A A] -> answer #3 no set
            #4 collects A{n=2} of [A A A] -> answer #4 [A{n=0} A{n=1} A{n=2}]
        "#]],
    );
}

#[test]
fn fo_1_fo_8_p15_five_members_of_which_two_come_back() {
    check(
        "start Start
        first takes Start
        w x5 takes T
        merge joins D
        first fills merge",
        "0 start Start
        #1 returns [T{n=0} T{n=1} T{n=2} T{n=3} T{n=4}]
        #6 returns nothing
        #5 returns D{n=3}
        #4 returns nothing
        #3 returns D{n=1}
        #2 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [T{n=0} T{n=1} T{n=2} T{n=3} T{n=4}] -> first.0 returned list; w.0 running T; run #2 w(T{n=0}); w.1 running T; run #3 w(T{n=1}); w.2 running T; run #4 w(T{n=2}); w.3 running T; run #5 w(T{n=3}); w.4 running T; run #6 w(T{n=4})
            #6 returns nothing -> w.4 returned nothing
            #5 returns D{n=3} -> w.3 returned D
            #4 returns nothing -> w.2 returned nothing
            #3 returns D{n=1} -> w.1 returned D
            #2 returns nothing -> w.0 returned nothing; merge.0 running CollectionReleaseEvent; run #7 merge([3:D{n=3} 1:D{n=1}])
        "#]],
    );
}

#[test]
fn mj_1_ce_4_c_6_p44_surplus_is_kept() {
    check(
        "start Start
        first takes Start
        c takes A B
        j takes all A B",
        "0 start Start
        event A{n=1}
        #2 collects A{n=1} of [A B]
        event A{n=2}
        #3 collects A{n=2} of [A B]
        event B{n=1}
        #4 collects B{n=1} of [A B]
        event B{n=2}
        #6 collects B{n=2} of [A B]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=1} -> c.0 running A; run #2 c(A{n=1})
            #2 collects A{n=1} of [A B] -> answer #2 no set
            event A{n=2} -> c.1 running A; run #3 c(A{n=2})
            #3 collects A{n=2} of [A B] -> answer #3 no set
            event B{n=1} -> c.2 running B; run #4 c(B{n=1}); j.0 running B; run #5 j(A{n=1} + B{n=1})
            #4 collects B{n=1} of [A B] -> answer #4 [A{n=1} B{n=1}]
            event B{n=2} -> c.3 running B; run #6 c(B{n=2}); j.1 running B; run #7 j(A{n=2} + B{n=2})
            #6 collects B{n=2} of [A B] -> answer #6 [A{n=2} B{n=2}]
        "#]],
    );
}

#[test]
fn ce_9_c_6_p44_two_events_are_not_three() {
    check(
        "start Start
        first takes Start
        c takes A",
        "0 start Start
        event A{n=0}
        #2 collects A{n=0} of [A A A]
        #2 fails no, again at once
        #2/2 collects A{n=0} of [A A A] nth 0
        #2/2 returns nothing
        event A{n=1}
        #3 collects A{n=1} of [A A A]",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            event A{n=0} -> c.0 running A; run #2 c(A{n=0})
            #2 collects A{n=0} of [A A A] -> answer #2 no set
            #2 fails no, again at once -> c.0 failed; c.0 running A; run #2/2 c(A{n=0}) having collected no set
            #2/2 collects A{n=0} of [A A A] nth 0 -> ignored
            #2/2 returns nothing -> c.0 returned nothing
            event A{n=1} -> c.0 running A; run #3 c(A{n=1})
            #3 collects A{n=1} of [A A A] -> answer #3 no set
        "#]],
    );
}

#[test]
fn ce_8_p14_a_set_is_the_same_in_every_attempt() {
    check(
        "start Start
        first takes Start
        c takes A",
        "0 start Start
        #1 returns [A{n=0} A{n=1}]
        #2 collects A{n=0} of [A A]
        #2 returns nothing
        #3 collects A{n=1} of [A A]
        #3 fails no, again at once
        #3/2 fails no, again at once
        #3/3 returns nothing",
        expect![[r#"
            0 start Start -> first.0 running Start; run #1 first(Start)
            #1 returns [A{n=0} A{n=1}] -> first.0 returned list; c.0 running A; run #2 c(A{n=0}); c.1 running A; run #3 c(A{n=1})
            #2 collects A{n=0} of [A A] -> answer #2 no set
            #2 returns nothing -> c.0 returned nothing
            #3 collects A{n=1} of [A A] -> answer #3 [A{n=0} A{n=1}]
            #3 fails no, again at once -> c.1 failed; c.0 running A; run #3/2 c(A{n=1}) having collected [A{n=0} A{n=1}]
            #3/2 fails no, again at once -> c.0 failed; c.0 running A; run #3/3 c(A{n=1}) having collected [A{n=0} A{n=1}]
            #3/3 returns nothing -> c.0 returned nothing
        "#]],
    );
}
