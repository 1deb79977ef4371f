//! What a body does while it runs: it sends, changes the state, publishes.

use crate::{Command, ItemId, Published, Recorded, RunState, Sent, StreamItem, Streamed, Updated};

impl RunState {
    pub(super) fn sent(&mut self, sent: &Sent, commands: &mut Vec<Command>) {
        self.record(sent.effect.item).sent.push(sent.clone());
        self.route(&sent.event, sent.target.as_ref(), &[], commands);
    }

    pub(super) fn updated(&mut self, updated: &Updated) {
        json_patch::patch(&mut self.user_state, &updated.patch)
            .expect("a patch is the difference to the state it is applied to");
        self.record(updated.effect.item).updated.push(updated.returned.clone());
    }

    pub(super) fn streamed(&mut self, streamed: &Streamed, commands: &mut Vec<Command>) {
        let item = streamed.effect.item;
        let nth = streamed.effect.nth as usize;
        if streamed.restarted {
            let replaced = self.record(item).streamed.get(nth).copied();
            self.record(item).streamed.truncate(nth);
            if let Some(Published { sequence, .. }) = replaced {
                let step = self.step_name(self.items[&item].step);
                let restarted = StreamItem::Restarted { step, from_sequence: sequence };
                self.publish(restarted, commands);
            }
        }
        for digest in &streamed.digests {
            let published = Published { digest: *digest, sequence: self.next_sequence };
            self.next_sequence += 1;
            self.record(item).streamed.push(published);
        }
        commands.push(Command::PublishStreamed { count: streamed.digests.len() });
    }

    fn record(&mut self, item: ItemId) -> &mut Recorded {
        let item = self.items.get_mut(&item).expect("an expected tick names an item");
        &mut item.recorded
    }
}
