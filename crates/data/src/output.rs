//! What is shown of a relation: its first rows and the profile of all.

use crate::{
    Relation,
    error::Result,
    execute::EngineChoice,
    profile::{self, Seen},
    table,
};
use aloft_spec::{
    Problem,
    output::TableOutput,
    profile::Profile,
    reading::Reading,
    table::{Extent, Scope},
};
use polars::prelude::*;
use std::sync::Arc;

/// The rows of a relation that is to be profiled.
enum Rows {
    /// In memory.
    Few(DataFrame),
    /// To be read in batches.
    Many(LazyFrame),
}

impl Relation {
    /// The first `max_rows` rows and the profile of all, in one pass.
    pub fn output(&self, max_rows: usize) -> std::result::Result<TableOutput, Problem> {
        self.refined_output(max_rows, &mut |_| ())
    }

    /// The same; while a long scan goes on, `on_partial` is told what is known of the first rows so far, the first time
    /// after a fraction of a second.
    pub fn refined_output(
        &self,
        max_rows: usize,
        on_partial: &mut dyn FnMut(TableOutput),
    ) -> std::result::Result<TableOutput, Problem> {
        let (head, profile) = self.summarize(max_rows, &mut |head, profile| {
            // What can't be shown is told at the end.
            if let Ok(output) = table_output(&head, profile, self.reading().cloned()) {
                on_partial(output);
            }
        })?;
        Ok(table_output(&head, profile, self.reading().cloned())?)
    }

    /// The profile of each column.
    pub fn profile(&self) -> std::result::Result<Profile, Problem> {
        self.refined_profile(&mut |_| ())
    }

    /// The same; while a long scan goes on, `on_partial` is told what is known of the first rows so far, the first time
    /// after a fraction of a second.
    pub fn refined_profile(
        &self,
        on_partial: &mut dyn FnMut(Profile),
    ) -> std::result::Result<Profile, Problem> {
        Ok(self.summarize(0, &mut |_, profile| on_partial(profile))?.1)
    }

    fn summarize(
        &self,
        head: usize,
        on_partial: &mut dyn FnMut(DataFrame, Profile),
    ) -> Result<(DataFrame, Profile)> {
        if let Some(seen) = self.parts.as_ref().and_then(|parts| parts.seen()) {
            let seen = Seen {
                head: self.rows_from(0, head)?,
                ..seen.clone()
            };
            let extent = self.extent(seen.rows);
            return Ok(self.told(seen, extent));
        }
        let seen = match self.read_for_profile()? {
            Rows::Few(frame) => {
                let (columns, associations) = profile::of_frame(&frame, &self.cancel)?;
                Seen {
                    head: frame.head(Some(head)),
                    columns,
                    associations: Some(associations),
                    rows: frame.height() as u64,
                }
            }
            Rows::Many(plan) => {
                let mut so_far = |seen: Seen| {
                    let extent = Extent {
                        scope: Scope::Head,
                        rows: seen.rows,
                        total: self.rows.get().copied(),
                    };
                    let (head, profile) = self.told(seen, extent);
                    on_partial(head, profile);
                };
                let parts = self.parts.as_deref();
                let scanned = profile::scan(plan, parts, head, &self.cancel, &mut so_far);
                self.about_file(scanned)?
            }
        };
        self.rows.get_or_init(|| seen.rows);
        let extent = self.extent(seen.rows);
        Ok(self.told(seen, extent))
    }

    /// The rows as they are best looked at: at once, or in one pass over batches.
    fn read_for_profile(&self) -> Result<Rows> {
        if self.engine == EngineChoice::InMemory {
            return Ok(Rows::Few(self.frame()?));
        }
        if self.parts.is_none()
            && let Some(frame) = self.all_at_once()?
        {
            let bytes = frame.estimated_size() as u64;
            return Ok(match EngineChoice::for_bytes(bytes) {
                EngineChoice::InMemory => Rows::Few(frame),
                EngineChoice::Streaming => Rows::Many(frame.lazy()),
            });
        }
        Ok(Rows::Many(self.plan.clone()))
    }

    fn told(&self, seen: Seen, extent: Extent) -> (DataFrame, Profile) {
        let profile = Profile {
            extent,
            columns: seen.columns,
            associations: seen.associations,
            scan: self.scan(),
        };
        (seen.head, profile)
    }
}

/// What is known of the first rows of a table, where it isn't known how many there are.
pub(crate) fn of_first_rows(seen: Seen) -> Result<TableOutput> {
    let profile = Profile {
        extent: Extent {
            scope: Scope::Head,
            rows: seen.rows,
            total: None,
        },
        columns: seen.columns,
        associations: seen.associations,
        scan: None,
    };
    table_output(&seen.head, profile, None)
}

fn table_output(head: &DataFrame, profile: Profile, reading: Option<Arc<Reading>>) -> Result<TableOutput> {
    let table = table::table(head)?;
    let extent = profile.extent.clone();
    Ok(TableOutput {
        table: Arc::new(table),
        profile: Arc::new(profile),
        extent,
        reading,
    })
}
