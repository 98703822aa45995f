//! Programs that stay up after the call that started them: a development server, say.
//!
//! Each belongs to the agent that started it, under a handle that nobody else's call can use. What it prints is redacted
//! as it comes, kept in a ring of bounded size, and looked at by the gate each time before something of it leaves. It is
//! ended when the agent says so, when nobody has read it for a while, and with the process. That a right was taken away
//! meanwhile shows when the agent reads. Its values are held for the gate as long as it can be read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{
    access::{Agent, AgentName, Caller},
    audit::{Outcome, Verb},
    broker::{
        Asker, Broker, BrokerError, RunAnswer, RunRequest,
        guard::{self, Deed},
        injected::Injected,
        resolve::Target,
        run::{self, PreparedRun},
        run_answer::Ended,
    },
    launch::{self, Finished, Keep, LaunchError, View},
    policy::{Action, OutputMode, Right},
    vault::FileId,
};

/// So many programs of one agent are up at a time.
const MOST: usize = 8;
/// After so long without a read a program is ended, and one that has ended is forgotten.
const IDLE: Duration = Duration::from_secs(600);
/// After its end was told, a program can be read for so long: for clients that ask twice.
const AFTER_TOLD: Duration = Duration::from_secs(60);
/// How long a start waits for a failure that comes at once.
const AT_ONCE: Duration = Duration::from_millis(250);
/// How long an end may take once it was asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// All programs that are up, or that ended and can still be read.
#[derive(Default)]
pub(super) struct Started(Arc<Mutex<HashMap<String, Arc<Command>>>>);

/// One of them.
struct Command {
    agent: AgentName,
    program: String,
    view: View,
    mode: OutputMode,
    /// What the gate looks for.
    secrets: Arc<Vec<Injected>>,
    short: Vec<String>,
    /// What it was given: who reads its output has to have the right still.
    targets: Vec<Target>,
    began: Instant,
    read: Mutex<Instant>,
    order: watch::Sender<Order>,
    state: watch::Receiver<State>,
}

/// What is wanted of a program; each step only leads on to the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    GoOn,
    /// TERM, and KILL after a while.
    Stop,
    /// KILL.
    Cancel,
}

/// How it stands.
#[derive(Clone)]
enum State {
    Ended(Ended),
    /// It never ran, or was lost.
    Failed(String),
    Running,
}

impl Broker {
    /// Starts a program with secrets that stays up, and gives its handle.
    ///
    /// # Errors
    /// [`BrokerError`]: also when it could not be started, as far as that shows at once.
    pub async fn start_command(
        &self,
        asker: impl Into<Asker<'_>>,
        request: RunRequest,
    ) -> Result<String, BrokerError> {
        let asker = asker.into();
        let Caller::Agent(agent) = asker.caller else {
            return Err(BrokerError::Invalid(
                "only an agent's command can be left running; use `hushkey run`".into(),
            ));
        };
        self.started.check_room(&agent.name)?;
        let (prepared, mode) = self.prepare(asker, request).await?;
        let PreparedRun {
            mut launch,
            redactor,
            short,
            secrets,
            targets,
            ticket,
            environments: _,
        } = prepared;
        launch.timeout = ticket.timeout();
        launch.keep = match mode {
            OutputMode::None | OutputMode::Summary => Keep::Nothing,
            OutputMode::Tail => Keep::Tail(run::TAIL_BYTES),
            OutputMode::Full => Keep::Tail(run::FULL_BYTES),
        };
        let program = launch.program.display().to_string();
        let (order, orders) = watch::channel(Order::GoOn);
        let (tell, mut state) = watch::channel(State::Running);
        let handle = FileId::random().to_string();
        let began = Instant::now();
        let commands = Arc::clone(&self.started.0);
        let idle = idle(Arc::clone(&commands), handle.clone());
        let stopped = {
            let orders = orders.clone();
            async move {
                tokio::select! {
                    () = until(orders, Order::Stop) => {}
                    () = idle => {}
                }
            }
        };
        let cancelled = until(orders, Order::Cancel);
        let (view, running) = launch::start(launch, &redactor, stopped, cancelled);
        let command = Command {
            agent: agent.name.clone(),
            program,
            view,
            mode,
            secrets: Arc::new(secrets),
            short,
            targets,
            began,
            read: Mutex::new(began),
            order,
            state: state.clone(),
        };
        self.started
            .lock()
            .insert(handle.clone(), Arc::new(command));

        let recorder = self.recorder.clone();
        let forgotten = handle.clone();
        tokio::spawn(async move {
            let ended = running.await;
            let outcome = outcome(&ended);
            guard::close_run(&recorder, ticket, outcome).await;
            // Nobody waits any more if the whole server is going.
            let _ = tell.send(state_of(ended));
            forget_in_time(commands, forgotten).await;
        });
        let at_once = async {
            let failed = |state: &State| matches!(state, State::Failed(_));
            state.wait_for(failed).await.map(|state| state.clone()).ok()
        };
        if let Ok(Some(State::Failed(why))) = timeout(AT_ONCE, at_once).await {
            self.started.lock().remove(&handle);
            return Err(BrokerError::Failed(why));
        }
        Ok(handle)
    }

    /// Tells what a started program has printed, and whether it is still up.
    ///
    /// # Errors
    /// [`BrokerError`]: also for a handle that is not this agent's, which reads like one that is gone.
    pub async fn read_command(
        &self,
        caller: &Caller,
        handle: &str,
        tail_lines: Option<usize>,
    ) -> Result<RunAnswer, BrokerError> {
        self.look(caller, Verb::ReadCommand, handle, tail_lines, false)
            .await
    }

    /// Ends a started program, and tells what it printed last.
    ///
    /// # Errors
    /// As [`Broker::read_command`].
    pub async fn stop_command(
        &self,
        caller: &Caller,
        handle: &str,
    ) -> Result<RunAnswer, BrokerError> {
        self.look(caller, Verb::StopCommand, handle, None, true)
            .await
    }

    /// Ends all started programs at once: before the process ends.
    pub async fn end_started(&self) {
        let commands: Vec<Arc<Command>> = self.started.lock().values().cloned().collect();
        for command in &commands {
            command.demand(Order::Cancel);
        }
        for command in commands {
            command.ended().await;
        }
    }

    async fn look(
        &self,
        caller: &Caller,
        verb: Verb,
        handle: &str,
        tail_lines: Option<usize>,
        stop: bool,
    ) -> Result<RunAnswer, BrokerError> {
        let ask = self.ask(caller).await?;
        let found = self.started.of(caller, handle);
        let (agent, command) = self.understood(&ask, Deed::of(verb), found).await?;
        let secrets: Vec<_> = command.targets.iter().map(Target::governed).collect();
        let action = Action::Take {
            right: Right::Use,
            secrets: &secrets,
            // The reason was given when it was started.
            reasoned: true,
        };
        let deed = Deed::fields(verb, &command.targets).of_program(&command.program);
        // Ending a program needs no right but that it is one's own.
        let permitted = self.permit(&ask, &action, deed).await;
        if stop {
            command.demand(Order::Stop);
            let _ = timeout(PATIENCE, command.ended()).await;
        }
        let ticket = permitted?;

        *lock(&command.read) = Instant::now();
        let state = command.state.borrow().clone();
        let ended = match state {
            State::Ended(ended) => ended,
            State::Failed(why) => {
                let failed = Err(BrokerError::Failed(why));
                return self.closing(ticket, failed).await;
            }
            State::Running => Ended::not_yet(command.began.elapsed()),
        };
        let (answer, withheld) = self
            .for_a_model(
                agent,
                ended,
                command.view.so_far(),
                command.mode,
                &command.secrets,
                &command.short,
                tail_lines,
            )
            .await;
        let outcome = withheld.map_or(Outcome::Done, Outcome::Withheld);
        self.closing_as(ticket, outcome, Ok(answer)).await
    }
}

impl Started {
    fn check_room(&self, agent: &AgentName) -> Result<(), BrokerError> {
        let commands = self.lock();
        let own = commands.values().filter(|command| command.agent == *agent);
        if own.filter(|command| command.is_running()).count() < MOST {
            return Ok(());
        }
        Err(BrokerError::Invalid(format!(
            "{MOST} commands of yours are running already; stop one of them first"
        )))
    }

    fn of<'a>(
        &self,
        caller: &'a Caller,
        handle: &str,
    ) -> Result<(&'a Agent, Arc<Command>), BrokerError> {
        let gone = || {
            BrokerError::Invalid(
                "there is no command with that handle: it was not started by you here, or it ended and was not read for some minutes".into(),
            )
        };
        let Caller::Agent(agent) = caller else {
            return Err(gone());
        };
        let command = self.lock().get(handle).cloned();
        let own = command.filter(|command| command.agent == agent.name);
        Ok((agent, own.ok_or_else(gone)?))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Command>>> {
        lock(&self.0)
    }
}

impl Command {
    fn is_running(&self) -> bool {
        matches!(*self.state.borrow(), State::Running)
    }

    fn demand(&self, order: Order) {
        self.order.send_if_modified(|known| {
            let further = *known < order;
            *known = (*known).max(order);
            further
        });
    }

    async fn ended(&self) {
        let mut state = self.state.clone();
        let _ = state
            .wait_for(|state| !matches!(state, State::Running))
            .await;
    }
}

/// Resolves when an order, or a later one, is given.
async fn until(mut orders: watch::Receiver<Order>, order: Order) {
    if orders.wait_for(|given| *given >= order).await.is_err() {
        // Nobody can give an order any more, and that is none.
        std::future::pending::<()>().await;
    }
}

/// Resolves when nobody has read a program for a while.
async fn idle(commands: Arc<Mutex<HashMap<String, Arc<Command>>>>, handle: String) {
    loop {
        let read = lock(&commands)
            .get(&handle)
            .map(|command| *lock(&command.read));
        let idle_for = read.map(|read| read.elapsed()).unwrap_or_default();
        if idle_for >= IDLE {
            return;
        }
        sleep(IDLE - idle_for).await;
    }
}

/// Forgets a program that has ended, with its values: a minute after its end was told, or when nobody asks.
async fn forget_in_time(commands: Arc<Mutex<HashMap<String, Arc<Command>>>>, handle: String) {
    let ended = Instant::now();
    loop {
        let Some(read) = lock(&commands)
            .get(&handle)
            .map(|command| *lock(&command.read))
        else {
            return;
        };
        let (since, limit) = if read > ended {
            (read, AFTER_TOLD)
        } else {
            (ended, IDLE)
        };
        match limit.checked_sub(since.elapsed()) {
            Some(left) if !left.is_zero() => sleep(left.min(AFTER_TOLD)).await,
            _ => break,
        }
    }
    lock(&commands).remove(&handle);
}

fn outcome(ended: &Result<Finished, LaunchError>) -> Outcome {
    match ended {
        Ok(finished) => guard::ended(finished),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn state_of(ended: Result<Finished, LaunchError>) -> State {
    match ended {
        Ok(finished) => State::Ended(Ended::from(&finished)),
        Err(error) => State::Failed(error.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
