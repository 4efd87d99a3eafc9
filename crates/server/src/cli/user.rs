//! `stockroom user add`: for whoever has the database itself, whether or not a server runs.

use std::io::{BufRead as _, Write as _};

use clap::{Args, Subcommand, ValueEnum};
use stockroom_domain::permissions::Role;

use super::Common;
use crate::auth::Auth;
use crate::auth::users::NewUser;
use crate::clock::Clock;
use crate::{db, events};

/// The users of a shop.
#[derive(Debug, Args)]
pub struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add someone who can sign in
    Add(Add),
}

/// Someone who can sign in.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    stockroom user add ada --role admin --password-stdin < password.txt\n  \
    stockroom user add bob --role staff --stores MAIN,NORTH --name 'Bob Green' --password-stdin\n\n\
    The password is read from standard input, never from an argument that others could see.")]
struct Add {
    #[command(flatten)]
    common: Common,
    /// What they sign in with
    #[arg(value_name = "NAME")]
    username: String,
    /// What they are
    #[arg(long)]
    role: RoleArgument,
    /// The codes of their stores, or "all" [default: all for an admin or an auditor]
    #[arg(long, value_name = "CODE,…|all", value_delimiter = ',')]
    stores: Vec<String>,
    /// Their name, for people [default: NAME]
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
    /// Read the password from the first line of standard input
    #[arg(long, required = true)]
    password_stdin: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArgument {
    Admin,
    Manager,
    Staff,
    Auditor,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Admin => Self::Admin,
            RoleArgument::Manager => Self::Manager,
            RoleArgument::Staff => Self::Staff,
            RoleArgument::Auditor => Self::Auditor,
        }
    }
}

impl User {
    /// Runs the command.
    ///
    /// # Errors
    /// A rule is broken, the name is taken, a store is unknown, or the database cannot be used.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Add(add) => add.run().await,
        }
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let stores = self.stores()?;
        let mut password = String::new();
        std::io::stdin().lock().read_line(&mut password)?;
        let config = self.common.load(Vec::new())?;
        let db = super::open(&config).await?;
        if db::pending(&db).await? > 0 {
            db::migrate(&db).await?;
        }
        events::ensure_partitions(&db).await?;
        let new = NewUser {
            username: &self.username,
            name: &self.name,
            password: password.trim_end_matches(['\r', '\n']),
            role: self.role.into(),
            stores,
        };
        let added = Auth::that_signs_nothing(db.clone(), Clock::System).add_user(&new).await;
        db.close().await;
        let id = added?;
        Ok(writeln!(std::io::stdout(), "Added the user {} with the id {id}.", self.username)?)
    }

    /// `None` for all.
    fn stores(&self) -> anyhow::Result<Option<&[String]>> {
        match (&self.stores[..], self.role) {
            ([], RoleArgument::Admin | RoleArgument::Auditor) => Ok(None),
            ([], _) => anyhow::bail!("say in which stores, as --stores MAIN,NORTH or --stores all"),
            ([one], _) if one.eq_ignore_ascii_case("all") => Ok(None),
            (codes, _) => Ok(Some(codes)),
        }
    }
}
