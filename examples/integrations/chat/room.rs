//! The members of the room, and the messages to all of them.
//!
//! A message to all members is encoded once. A server's frames are not masked, so all members get
//! the same bytes. Each queue has a reference to them, so a message to a thousand members is one
//! allocation.
//!
//! # Members that do not read
//!
//! A member's queue contains at most [`MAX_WAITING`] frames. When it is full, the room does not
//! wait for the member, but removes it and tells the others. So the memory of a room is bounded:
//! each member has references to that many frames, each at most as long as a message.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use wsframe::{FrameEncoder, Opcode};

/// The greatest number of frames in a member's queue.
pub(crate) const MAX_WAITING: usize = 64;
/// The greatest number of characters in a name.
const MAX_NAME_LEN: usize = 40;

/// An encoded frame.
pub(crate) type Frame = Arc<[u8]>;

#[derive(Default)]
pub(crate) struct Room {
    members: Mutex<Members>,
}

/// The members, by name.
type Members = BTreeMap<String, Member>;

struct Member {
    queue: mpsc::Sender<Frame>,
    /// Dropped together with the member, which wakes its seat.
    _stays: oneshot::Sender<()>,
}

impl Room {
    /// Adds a member with this queue.
    ///
    /// # Errors
    ///
    /// Returns the reason why it cannot enter.
    pub(crate) fn enter(
        self: &Arc<Self>,
        name: &str,
        queue: mpsc::Sender<Frame>,
    ) -> Result<Seat, &'static str> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_LEN {
            return Err("a name has 1 to 40 characters");
        }
        let mut members = self.lock();
        if members.contains_key(name) {
            return Err("that name is taken");
        }
        let here: Vec<&String> = members.keys().collect();
        queue.try_send(frame(&json!({ "here": here }))).map_err(|_| "read first, then speak")?;

        let (stays, removed) = oneshot::channel();
        let seat = Seat { room: self.clone(), name: name.into(), queue: queue.clone(), removed };
        members.insert(name.into(), Member { queue, _stays: stays });
        tell(&mut members, json!({ "came": name }));
        Ok(seat)
    }

    /// Returns the members. A panic while the lock was taken cannot have changed them in part.
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The membership of a room. Dropping it removes the member.
pub(crate) struct Seat {
    room: Arc<Room>,
    name: String,
    queue: mpsc::Sender<Frame>,
    removed: oneshot::Receiver<()>,
}

impl Seat {
    /// Sends a text to all members, including this one.
    pub(crate) fn say(&self, text: &str) {
        tell(&mut self.room.lock(), json!({ "from": self.name, "text": text }));
    }

    /// Waits until the seat is lost.
    pub(crate) async fn lost(&mut self) {
        let _ = (&mut self.removed).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut members = self.room.lock();
        // A member that has lost its seat must not remove another member of the same name.
        if members.get(&self.name).is_some_and(|member| member.queue.same_channel(&self.queue)) {
            members.remove(&self.name);
            tell(&mut members, json!({ "left": self.name }));
        }
    }
}

/// Sends a message to all members. Removes those whose queues are full, and tells the others that
/// they have left.
fn tell(members: &mut Members, what: Value) {
    let mut news = VecDeque::from([what]);
    while let Some(what) = news.pop_front() {
        let frame = frame(&what);
        members.retain(|name, member| {
            let told = member.queue.try_send(frame.clone()).is_ok();
            if !told {
                news.push_back(json!({ "left": name }));
            }
            told
        });
    }
}

/// Encodes the message as a frame.
fn frame(what: &Value) -> Frame {
    let text = what.to_string();
    FrameEncoder::new(Opcode::Text).encode_to_arc(text.as_bytes()).expect("a message, and no key")
}
