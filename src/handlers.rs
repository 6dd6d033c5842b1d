//! What is done with events: kind → your code.

use std::{borrow::Cow, collections::HashMap, convert::Infallible, error, fmt, future::Future, pin::Pin, sync::Arc};

use crate::{
    Answer, AsyncFunc, Error, ErrorKind, Event, Events, Payload,
    payload::{in_family, pick},
};

/// Why a handler failed. Any error becomes one with `?`, and means that it is worth another try.
pub struct Failure {
    permanent: bool,
    source: Box<dyn error::Error + Send + Sync>,
}

impl Failure {
    /// No other try will help: buried where the receiver was told [`dead_letters`](crate::Builder::dead_letters);
    /// without them it is tried again like any other, since it would be lost.
    pub fn permanent(source: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self { permanent: true, source: source.into() }
    }

    /// Whether no other try will help.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }

    /// What went wrong.
    pub fn source(&self) -> &(dyn error::Error + Send + Sync + 'static) {
        &*self.source
    }

    /// What went wrong, and why, in one line.
    pub(crate) fn chain(&self) -> String {
        let mut line = self.source.to_string();
        let mut source = self.source.source();
        while let Some(error) = source {
            line.push_str(": ");
            line.push_str(&error.to_string());
            source = error.source();
        }
        line
    }

    /// A payload that cannot be decoded now cannot be decoded later.
    fn undecodable(error: Error) -> Self {
        Self::permanent(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure").field("permanent", &self.permanent).field("source", &self.source).finish()
    }
}

impl<E: Into<Box<dyn error::Error + Send + Sync>>> From<E> for Failure {
    fn from(source: E) -> Self {
        Self { permanent: false, source: source.into() }
    }
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
pub(crate) type Answered = Result<Answer, Failure>;
type Plain = Arc<dyn Fn(Box<Event>) -> BoxFuture<'static, Answered> + Send + Sync>;
type InTx<C> = Arc<dyn for<'c> Fn(&'c mut C, Box<Event>) -> BoxFuture<'c, Answered> + Send + Sync>;

/// A handler behind its types.
pub(crate) enum Handler<C> {
    Plain(Plain),
    InTx(InTx<C>),
}

pub(crate) struct Table<C> {
    by_kind: HashMap<Cow<'static, str>, Handler<C>>,
    otherwise: Option<Handler<C>>,
    /// Found when a receiver is built, so that it is an error and no panic.
    wrong: Option<Error>,
}

impl<C> Table<C> {
    fn new() -> Self {
        Self { by_kind: HashMap::new(), otherwise: None, wrong: None }
    }

    fn on(&mut self, kind: Cow<'static, str>, handler: Handler<C>) {
        const CONFIG: fn(&'static str) -> Error = |detail| Error::new(ErrorKind::Config, detail);
        let said = |kind: &str| format!("`{kind}`");
        if kind.is_empty() {
            self.wrong = Some(CONFIG("a kind is empty: say `otherwise` for events without one"));
        } else if kind.contains('*') && !in_family(&kind, &kind) {
            let wrong = CONFIG("a family is a prefix that ends with one of `. / : _`, and a star: `issues.*`");
            self.wrong = Some(wrong.because(said(&kind)));
        } else if self.by_kind.contains_key(&kind) {
            self.wrong = Some(CONFIG("a kind is registered twice").because(said(&kind)));
        }
        self.by_kind.insert(kind, handler);
    }

    fn otherwise(&mut self, handler: Handler<C>) {
        if self.otherwise.replace(handler).is_some() {
            self.wrong = Some(Error::new(ErrorKind::Config, "`otherwise` is registered twice"));
        }
    }

    /// Whether it can be worked with.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if self.by_kind.is_empty() && self.otherwise.is_none() {
            return Err(Error::new(ErrorKind::Config, "there is no handler"));
        }
        self.wrong.take().map_or(Ok(()), Err)
    }

    pub(crate) fn find(&self, kind: Option<&str>) -> Option<&Handler<C>> {
        let exact = kind.and_then(|kind| self.by_kind.get(kind));
        let family = || self.by_kind.get(pick(self.by_kind.keys().map(AsRef::as_ref), kind)?);
        exact.or_else(family).or(self.otherwise.as_ref())
    }
}

fn plain<P, R, F, Fut>(handler: F) -> Plain
where
    P: Payload,
    R: Into<Answer> + 'static,
    F: FnOnce(Event<P>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Failure>> + Send + 'static,
{
    Arc::new(move |event| {
        let handler = handler.clone();
        Box::pin(async move {
            let payload = event.decoded().map_err(Failure::undecodable)?;
            handler(event.with(payload)).await.map(Into::into)
        })
    })
}

fn in_tx<C, P, R, F>(handler: F) -> InTx<C>
where
    C: Send + 'static,
    P: Payload,
    R: Into<Answer> + 'static,
    for<'c> F: AsyncFunc<(&'c mut C, Event<P>), Result<R, Failure>, Fut: Send> + Clone + Send + Sync + 'static,
{
    Arc::new(move |conn, event| {
        let handler = handler.clone();
        Box::pin(async move {
            let payload = event.decoded().map_err(Failure::undecodable)?;
            // Boxed apart, or its lifetime is not general enough for the compiler.
            let future: BoxFuture<'_, Result<R, Failure>> = Box::pin(handler.call((conn, event.with(payload))));
            future.await.map(Into::into)
        })
    })
}

/// Kind → async function or closure; `handle` takes it.
///
/// `issues.opened` beats `issues.*`, which beats `otherwise`. A star stands only at the end of a prefix that itself ends
/// with `.`, `/`, `:` or `_`. A kind registered twice is an error when the receiver is built.
///
/// ```
/// use inhook::{Event, Failure, Handlers, Json};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// async fn created(event: Event<Json<Order>>) -> Result<(), Failure> {
///     println!("order {}", event.payload.0.id);
///     Ok(())
/// }
///
/// let handlers = Handlers::new().on("orders/create", created).otherwise(async |event: Event| {
///     println!("{:?}", event.kind);
///     Ok(())
/// });
/// assert_eq!(handlers.kinds().collect::<Vec<_>>(), ["orders/create"]);
/// ```
pub struct Handlers(Table<Infallible>);

/// Like [`Handlers`], for handlers that write through the event's transaction; only
/// [`handle_in_tx`](crate::Builder::handle_in_tx) takes it.
///
/// `C` is the store's connection: of `SqliteStore` and `PgStore` that of the `sqlx` which their modules hand on. It comes
/// first among a handler's arguments, the event second.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # mod paid {
/// use inhook::{
///     Event, Failure, Json, TxHandlers,
///     store::sqlite::sqlx::{self, SqliteConnection},
/// };
///
/// #[derive(serde::Deserialize)]
/// struct Invoice {
///     id: String,
/// }
///
/// async fn paid(conn: &mut SqliteConnection, event: Event<Json<Invoice>>) -> Result<(), Failure> {
///     sqlx::query("insert into paid (invoice) values (?)").bind(&event.payload.0.id).execute(conn).await?;
///     Ok(())
/// }
///
/// pub fn handlers() -> TxHandlers<SqliteConnection> {
///     TxHandlers::new().on_tx("invoice.paid", paid)
/// }
/// # }
/// ```
///
/// Let no step of a handler be dropped half done, by a timeout of its own, say, and go on: what was under way on the
/// connection then may have ended the transaction. Such a handler fails.
pub struct TxHandlers<C>(Table<C>);

macro_rules! plain_methods {
    () => {
        /// Handles the events of one kind, or of a family such as `issues.*`. The type of a closure's argument must be
        /// said: `async |event: Event<Json<Order>>| ..`.
        ///
        /// In [`TxHandlers`] such a handler runs while the event's transaction is open and cannot write through it: what
        /// it writes elsewhere is done at least once, and a SQLite file that the store uses is locked meanwhile. Say
        /// `on_tx` for what writes.
        pub fn on<P, R, F, Fut>(mut self, kind: impl Into<Cow<'static, str>>, handler: F) -> Self
        where
            P: Payload,
            R: Into<Answer> + 'static,
            F: FnOnce(Event<P>) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<R, Failure>> + Send + 'static,
        {
            self.0.on(kind.into(), Handler::Plain(plain(handler)));
            self
        }

        /// Handles every kind that `E` names; the rest goes to `otherwise`, not to `E::Other`.
        pub fn on_events<E, R, F, Fut>(mut self, handler: F) -> Self
        where
            E: Events,
            R: Into<Answer> + 'static,
            F: FnOnce(Event<E>) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<R, Failure>> + Send + 'static,
        {
            for kind in E::KINDS {
                self.0.on((*kind).into(), Handler::Plain(plain(handler.clone())));
            }
            self
        }

        /// Handles whatever no other handler takes; without it such events are counted, acknowledged and dropped.
        pub fn otherwise<P, R, F, Fut>(mut self, handler: F) -> Self
        where
            P: Payload,
            R: Into<Answer> + 'static,
            F: FnOnce(Event<P>) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Result<R, Failure>> + Send + 'static,
        {
            self.0.otherwise(Handler::Plain(plain(handler)));
            self
        }

        /// What to subscribe to at the provider, sorted; families as they were written.
        pub fn kinds(&self) -> impl Iterator<Item = &str> {
            let mut kinds: Vec<&str> = self.0.by_kind.keys().map(AsRef::as_ref).collect();
            kinds.sort_unstable();
            kinds.into_iter()
        }
    };
}

impl Handlers {
    /// None yet.
    pub fn new() -> Self {
        Self(Table::new())
    }

    plain_methods!();

    pub(crate) fn into_table(self) -> Table<Infallible> {
        self.0
    }
}

impl<C: Send + 'static> TxHandlers<C> {
    /// None yet.
    pub fn new() -> Self {
        Self(Table::new())
    }

    plain_methods!();

    /// Handles the events of one kind or family. The handler's writes and the mark that the event is done commit
    /// together, or neither does.
    pub fn on_tx<P, R, F>(mut self, kind: impl Into<Cow<'static, str>>, handler: F) -> Self
    where
        P: Payload,
        R: Into<Answer> + 'static,
        for<'c> F: AsyncFnOnce(&'c mut C, Event<P>) -> Result<R, Failure>
            + AsyncFunc<(&'c mut C, Event<P>), Result<R, Failure>, Fut: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.0.on(kind.into(), Handler::InTx(in_tx(handler)));
        self
    }

    /// Handles every kind that `E` names, in the transaction.
    pub fn on_events_tx<E, R, F>(mut self, handler: F) -> Self
    where
        E: Events,
        R: Into<Answer> + 'static,
        for<'c> F: AsyncFnOnce(&'c mut C, Event<E>) -> Result<R, Failure>
            + AsyncFunc<(&'c mut C, Event<E>), Result<R, Failure>, Fut: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        for kind in E::KINDS {
            self.0.on((*kind).into(), Handler::InTx(in_tx(handler.clone())));
        }
        self
    }

    /// Handles whatever no other handler takes, in the transaction.
    pub fn otherwise_tx<P, R, F>(mut self, handler: F) -> Self
    where
        P: Payload,
        R: Into<Answer> + 'static,
        for<'c> F: AsyncFnOnce(&'c mut C, Event<P>) -> Result<R, Failure>
            + AsyncFunc<(&'c mut C, Event<P>), Result<R, Failure>, Fut: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.0.otherwise(Handler::InTx(in_tx(handler)));
        self
    }

    pub(crate) fn into_table(self) -> Table<C> {
        self.0
    }
}

impl Default for Handlers {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Send + 'static> Default for TxHandlers<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.by_kind.keys()).finish()
    }
}

impl<C> fmt::Debug for TxHandlers<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.by_kind.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing(_: Event) -> Result<(), Failure> {
        Ok(())
    }

    #[test]
    fn mistakes_are_found_when_a_receiver_is_built() {
        let wrong = |handlers: Handlers| handlers.into_table().check().is_err();
        assert!(wrong(Handlers::new()));
        assert!(wrong(Handlers::new().on("a", nothing).on("a", nothing)));
        assert!(wrong(Handlers::new().otherwise(nothing).otherwise(nothing)));
        for kind in ["", "*", "a*", "a.*.b", ".**"] {
            assert!(wrong(Handlers::new().on(kind, nothing)), "{kind}");
        }
        assert!(!wrong(Handlers::new().on("a", nothing).on("a.*", nothing).on("a/b/*", nothing).otherwise(nothing)));
    }
}
