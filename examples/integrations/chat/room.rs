//! The members of the room, and the messages to all of them.
//!
//! What all are told is encoded once. A server's frames are not masked, so they are the same bytes
//! for every receiver, and each receiver's queue holds a reference to them: a message to a thousand
//! members is one allocation.
//!
//! # Members that do not read
//!
//! A member's queue holds at most [`MAX_WAITING`] frames. When one is full, the room does not
//! wait for that member, and nothing is kept for it: it has left, and the others are told so. So
//! the memory of a room is bounded by its members: each has references to that many frames, of no
//! more than a message's length each.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use wsframe::{FrameEncoder, Opcode};

/// The most frames that may wait for one member.
pub(crate) const MAX_WAITING: usize = 64;
/// The most characters of a name.
const MAX_NAME_LEN: usize = 40;

/// A frame as it is written.
pub(crate) type Frame = Arc<[u8]>;

#[derive(Default)]
pub(crate) struct Room {
    members: Mutex<Members>,
}

/// By their names.
type Members = BTreeMap<String, Member>;

struct Member {
    queue: mpsc::Sender<Frame>,
    /// Dropped with the member, which its seat sees.
    _stays: oneshot::Sender<()>,
}

impl Room {
    /// Lets in a member with this queue.
    ///
    /// # Errors
    ///
    /// Why not.
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

    /// What panics while it holds the lock leaves the members as they were.
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Membership of a room, until it is dropped.
pub(crate) struct Seat {
    room: Arc<Room>,
    name: String,
    queue: mpsc::Sender<Frame>,
    removed: oneshot::Receiver<()>,
}

impl Seat {
    /// Says something to all who are there, oneself too.
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
        // A member that has lost its seat must not take it from the one that has the name now.
        if members.get(&self.name).is_some_and(|member| member.queue.same_channel(&self.queue)) {
            members.remove(&self.name);
            tell(&mut members, json!({ "left": self.name }));
        }
    }
}

/// Tells all members, and removes those whose queues are full: the rest is told that they have
/// left.
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

/// The frame that tells this.
fn frame(what: &Value) -> Frame {
    let text = what.to_string();
    FrameEncoder::new(Opcode::Text).encode_to_arc(text.as_bytes()).expect("a message, and no key")
}
