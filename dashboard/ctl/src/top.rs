//! `top`: the tree as it changes.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use ratatui::{DefaultTerminal, Frame};
use rust_supervisor::dashboard::model::DashboardState;
use rust_supervisor::dashboard::protocol::{IpcServerPush, Method};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::client::Client;
use crate::error::CtlError;
use crate::look::{Ask, state_of};
use crate::show::{self, Summary};

/// How often it is drawn anew, at most.
const DRAW_EVERY: Duration = Duration::from_millis(250);

/// How many events are kept to be shown.
const EVENTS: usize = 200;

/// What is on the screen.
struct Screen {
    target: String,
    state: DashboardState,
    events: VecDeque<String>,
    /// The first line of the tree that is shown.
    scroll: u16,
    is_paused: bool,
}

pub(crate) async fn top(ask: &Ask) -> Result<(), CtlError> {
    if !io::stdout().is_terminal() {
        let why = "`top` needs a terminal; `supctl tree` and `supctl tail --follow` do not";
        return Err(CtlError::Usage(why.to_owned()));
    }
    let mut client = ask.client().await?;
    client.ask(Method::EventsSubscribe, json!({})).await?;
    let state = state_of(&mut client).await?;
    let mut screen = Screen {
        target: client.target_id().to_owned(),
        events: state.recent_events.iter().map(show::event).collect(),
        state,
        scroll: 0,
        is_paused: false,
    };
    let mut terminal = ratatui::try_init().map_err(CtlError::Output)?;
    let shown = screen.show(&mut client, &mut terminal).await;
    // Also after an error, which is said on the terminal as it was before.
    ratatui::restore();
    shown
}

impl Screen {
    async fn show(
        &mut self,
        client: &mut Client,
        terminal: &mut DefaultTerminal,
    ) -> Result<(), CtlError> {
        let mut keys = keys();
        let mut ended = signal(SignalKind::terminate()).map_err(CtlError::Output)?;
        let mut turns = interval(DRAW_EVERY);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut has_changed, mut is_stale) = (true, false);
        loop {
            tokio::select! {
                // The terminal is given back as it was.
                _ = ended.recv() => return Ok(()),
                key = keys.recv() => match key {
                    None | Some(KeyCode::Char('q') | KeyCode::Esc) => return Ok(()),
                    Some(key) => {
                        self.press(key);
                        has_changed = true;
                    }
                },
                push = client.next_push() => match push? {
                    IpcServerPush::Event { event, .. } => {
                        self.events.push_back(show::event(&event));
                        if self.events.len() > EVENTS {
                            self.events.pop_front();
                        }
                        has_changed = true;
                    }
                    IpcServerPush::StateDelta { .. } | IpcServerPush::Dropped { .. } => is_stale = true,
                    IpcServerPush::Log { .. } => {}
                },
                _ = turns.tick() => {
                    if is_stale && !self.is_paused {
                        self.state = state_of(client).await?;
                        (has_changed, is_stale) = (true, false);
                    }
                    if std::mem::take(&mut has_changed) {
                        terminal.draw(|frame| self.draw(frame)).map_err(CtlError::Output)?;
                    }
                }
            }
        }
    }

    fn press(&mut self, key: KeyCode) {
        let last =
            u16::try_from(self.state.topology.nodes.len()).unwrap_or(u16::MAX).saturating_sub(1);
        self.scroll = match key {
            KeyCode::Down | KeyCode::Char('j') => self.scroll.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll.saturating_sub(1),
            KeyCode::PageDown | KeyCode::Char(' ') => self.scroll.saturating_add(20),
            KeyCode::PageUp => self.scroll.saturating_sub(20),
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => last,
            _ => self.scroll,
        }
        .min(last);
        if key == KeyCode::Char('p') {
            self.is_paused = !self.is_paused;
        }
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let areas = Layout::vertical([
            Constraint::Length(1),
            Constraint::Fill(2),
            Constraint::Fill(1),
            Constraint::Length(1),
        ]);
        let [head, tree, events, foot] = areas.areas(frame.area());
        let summary = Summary::of(&self.state);
        let title = Line::from(vec![
            Span::from(show::printable(&self.target)).bold(),
            Span::from(format!(
                "  {}  {}  {} restarts",
                summary.state,
                summary.words(),
                summary.restarts
            )),
            Span::from(if self.is_paused { "  (held still)" } else { "" }).yellow(),
        ]);
        frame.render_widget(title, head);
        let lines: Vec<Line<'_>> = show::lines_of(&self.state)
            .into_iter()
            .map(|line| {
                let style = style_of(&line.lifecycle);
                Line::from(vec![
                    Span::from(line.padded_name()),
                    Span::styled(format!("{:<11}  ", line.lifecycle), style),
                    Span::from(line.rest),
                ])
            })
            .collect();
        frame.render_widget(Paragraph::new(lines).scroll((self.scroll, 0)), tree);
        let room = usize::from(events.height.saturating_sub(1));
        let skip = self.events.len().saturating_sub(room);
        let lines: Vec<Line<'_>> =
            self.events.iter().skip(skip).map(|line| Line::from(line.trim_end())).collect();
        frame.render_widget(
            Paragraph::new(lines).block(Block::new().title("events".bold())),
            events,
        );
        frame.render_widget(
            Line::from("q ends  p holds still  ↑ ↓ page up, page down, home, end").dim(),
            foot,
        );
    }
}

/// Colour helps, and is never all there is: the word stands there too.
fn style_of(lifecycle: &str) -> Style {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Style::new();
    }
    match lifecycle {
        "running" => Style::new().fg(Color::Green),
        "failed" | "quarantined" | "unjoinable" => Style::new().fg(Color::Red),
        "starting" | "backoff" | "stopping" | "waiting" | "paused" => {
            Style::new().fg(Color::Yellow)
        }
        _ => Style::new(),
    }
}

/// The keys that are pressed, read by a thread of its own. It ends with the process.
fn keys() -> mpsc::UnboundedReceiver<KeyCode> {
    let (tell, keys) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            let key = match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    let is_interrupt = key.code == KeyCode::Char('c')
                        && key.modifiers.contains(KeyModifiers::CONTROL);
                    if is_interrupt { KeyCode::Char('q') } else { key.code }
                }
                // Drawn anew.
                Event::Resize(..) => KeyCode::Null,
                _ => continue,
            };
            if tell.send(key).is_err() {
                return;
            }
        }
    });
    keys
}
