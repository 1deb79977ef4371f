//! What a body does while it runs and gets no answer to: it sends and publishes.

use super::route::Origin;
use crate::{Command, Published, RunState, Sent, StreamItem, Streamed};

impl RunState {
    pub(super) fn sent(&mut self, sent: &Sent, commands: &mut Vec<Command>) {
        self.begin(&sent.call, sent.target.clone(), commands);
        // It leaves the batch of its sender: nobody waits there for what may be sent.
        let lineage = self.items[&sent.call.item].lineage.clone();
        let target = sent.target.as_ref();
        self.route(&sent.event, &Origin { target, lineage, ..Origin::default() }, commands);
    }

    pub(super) fn streamed(&mut self, streamed: &Streamed, commands: &mut Vec<Command>) {
        self.stir(streamed.item, commands);
        let item = self.items.get_mut(&streamed.item).expect("an expected tick names an item");
        let replaced =
            if streamed.restarted { item.recorded.restart(streamed.nth as usize) } else { None };
        if let Some(Published { sequence, .. }) = replaced {
            let step = item.step;
            let step = self.step_name(step);
            let restarted = StreamItem::Restarted { step, from_sequence: sequence };
            self.publish(restarted, commands);
        }
        let item = self.items.get_mut(&streamed.item).expect("an expected tick names an item");
        for digest in &streamed.digests {
            item.recorded.publish(Published { digest: *digest, sequence: self.next_sequence });
            self.next_sequence += 1;
        }
        commands.push(Command::PublishStreamed { count: streamed.digests.len() });
    }
}
