use std::time::Duration;

use stepwell::testing::TestKit;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn ada() -> SignedUp {
    SignedUp { name: "Ada".to_owned() }
}

#[tokio::test]
async fn the_second_mail_comes_a_week_after_the_first() {
    let mut kit = TestKit::new(WelcomeFlow.into_workflow().unwrap()).await;
    let run = kit.start(ada()).await;
    let first: Mail = kit.expect(&run).await;
    assert_eq!(first.text, "Welcome, Ada!");

    kit.advance(6 * DAY).await;
    assert_eq!(kit.events(&run).await.len(), 1);
    kit.crash_and_recover().await;
    kit.advance(DAY).await;
    let second: Mail = kit.expect(&run).await;
    assert_eq!(second.text, "How do you like it, Ada?");

    let stop: StopEvent = kit.result(&run).await.unwrap();
    assert_eq!(stop.result, "2 mails");
}
