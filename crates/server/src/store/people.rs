//! People, their sessions, tokens of clients, invitations. Of every secret the digest only.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Result, Store, now};

/// What somebody may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// See everything.
    Viewer,
    /// Ask for approvals, scan again.
    Qc,
    /// Decide.
    Approver,
    /// People, tokens, audit.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Qc, Self::Approver, Self::Admin];

    /// As forms, the database and the API spell it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Qc => "qc",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    /// Reads it.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Somebody who may sign in.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Number.
    pub id: i64,
    /// What is typed to sign in.
    pub name: String,
    /// What records call the person.
    pub display: String,
    /// What the person may do.
    pub role: Role,
    /// Whether an identity provider knows the person: then there is no password here.
    pub provided: bool,
    /// Argon2 hash, where the person has a password.
    #[serde(skip)]
    pub password: Option<String>,
    /// `ed25519:` and base64, where the person has registered a key of a browser.
    pub public_key: Option<String>,
    /// Whether the person may not sign in any more.
    pub disabled: bool,
}

/// A session that holds.
#[derive(Clone, Debug)]
pub struct Session {
    /// Of the cookie.
    pub digest: String,
    /// What forms must carry.
    pub csrf: String,
    /// Whose.
    pub person: Person,
}

/// A token of a client.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRow {
    /// Of the token: its number for people, too.
    pub digest: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Who made it.
    pub made_by: String,
}

/// The columns of a person, and how many there are.
pub(super) const PERSON: &str =
    "p.id, p.name, p.display, p.role, p.password, p.public_key, p.disabled, p.subject IS NOT NULL";
pub(super) const COLUMNS: usize = 8;

pub(super) fn person(row: &Row<'_>) -> Result<Person> {
    Ok(Person {
        id: row.get(0)?,
        name: row.get(1)?,
        display: row.get(2)?,
        role: Role::read(&row.get::<_, String>(3)?).unwrap_or(Role::Viewer),
        password: row.get(4)?,
        public_key: row.get(5)?,
        disabled: row.get(6)?,
        provided: row.get(7)?,
    })
}

impl Store {
    /// Whether there is no admin yet, or none who may sign in.
    ///
    /// # Errors
    /// The database's.
    pub fn without_admin(&self) -> Result<bool> {
        self.lock()
            .query_row("SELECT count(*) = 0 FROM person WHERE role = 'admin' AND disabled = 0", [], |row| row.get(0))
    }

    /// Adds somebody; an error of a constraint where the name is taken.
    ///
    /// # Errors
    /// The database's.
    pub fn add_person(&self, name: &str, display: &str, role: Role, password: Option<&str>) -> Result<i64> {
        let connection = self.lock();
        connection.execute(
            "INSERT INTO person (name, display, role, password) VALUES (?, ?, ?, ?)",
            params![name, display, role.word(), password],
        )?;
        Ok(connection.last_insert_rowid())
    }

    /// All people.
    ///
    /// # Errors
    /// The database's.
    pub fn people(&self) -> Result<Vec<Person>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&format!("SELECT {PERSON} FROM person p ORDER BY p.name"))?;
        statement.query_map([], person)?.collect()
    }

    /// By what is typed to sign in.
    ///
    /// # Errors
    /// The database's.
    pub fn person_named(&self, name: &str) -> Result<Option<Person>> {
        let sql = format!("SELECT {PERSON} FROM person p WHERE p.name = ?");
        self.lock().query_row(&sql, [name], person).optional()
    }

    /// Changes what somebody may do; ends the sessions of who may not sign in any more. The last admin stays one: false then.
    ///
    /// # Errors
    /// The database's.
    pub fn change_person(&self, id: i64, role: Role, disabled: bool) -> Result<bool> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction
            .execute("UPDATE person SET role = ?, disabled = ? WHERE id = ?", params![role.word(), disabled, id])?;
        let admins: u32 =
            transaction
                .query_row("SELECT count(*) FROM person WHERE role = 'admin' AND disabled = 0", [], |row| row.get(0))?;
        if admins == 0 {
            return Ok(false);
        }
        if disabled {
            transaction.execute("DELETE FROM session WHERE person = ?", [id])?;
        }
        transaction.commit()?;
        Ok(true)
    }

    /// Sets a password, and ends all other sessions of the person.
    ///
    /// # Errors
    /// The database's.
    pub fn set_password(&self, id: i64, password: &str, keep: &str) -> Result<()> {
        let connection = self.lock();
        connection.execute("UPDATE person SET password = ? WHERE id = ?", params![password, id])?;
        connection.execute("DELETE FROM session WHERE person = ? AND digest != ?", params![id, keep])?;
        Ok(())
    }

    /// Registers the key that a browser signs with.
    ///
    /// # Errors
    /// The database's.
    pub fn set_public_key(&self, id: i64, key: Option<&str>) -> Result<()> {
        self.lock().execute("UPDATE person SET public_key = ? WHERE id = ?", params![key, id])?;
        Ok(())
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The database's.
    pub fn begin_session(&self, digest: &str, person: i64, csrf: &str) -> Result<()> {
        let now = now();
        self.lock().execute(
            "INSERT INTO session (digest, person, csrf, created, used) VALUES (?, ?, ?, ?, ?)",
            params![digest, person, csrf, now, now],
        )?;
        Ok(())
    }

    /// The session of a cookie, where it holds: not idle for longer than `idle` seconds, not older than 30 days.
    ///
    /// # Errors
    /// The database's.
    pub fn session(&self, digest: &str, idle: i64) -> Result<Option<Session>> {
        let connection = self.lock();
        let now = now();
        let sql = format!(
            "SELECT {PERSON}, s.csrf, s.used FROM session s JOIN person p ON p.id = s.person \
             WHERE s.digest = ? AND p.disabled = 0 AND s.used > ? AND s.created > ?"
        );
        let row = |row: &Row<'_>| Ok((person(row)?, row.get::<_, String>(COLUMNS)?, row.get::<_, i64>(COLUMNS + 1)?));
        let found = connection.query_row(&sql, params![digest, now - idle, now - 30 * 86_400], row).optional()?;
        let Some((person, csrf, used)) = found else { return Ok(None) };
        // Written at most once a minute: pages are read far more often than sessions end.
        if now - used >= 60 {
            connection.execute("UPDATE session SET used = ? WHERE digest = ?", params![now, digest])?;
        }
        Ok(Some(Session { digest: digest.to_owned(), csrf, person }))
    }

    /// Ends one session.
    ///
    /// # Errors
    /// The database's.
    pub fn end_session(&self, digest: &str) -> Result<()> {
        self.lock().execute("DELETE FROM session WHERE digest = ?", [digest])?;
        Ok(())
    }

    /// Ends all sessions of somebody.
    ///
    /// # Errors
    /// The database's.
    pub fn end_sessions(&self, person: i64) -> Result<usize> {
        self.lock().execute("DELETE FROM session WHERE person = ?", [person])
    }

    /// Adds a token of a client.
    ///
    /// # Errors
    /// The database's.
    pub fn add_token(&self, digest: &str, name: &str, role: Role, made_by: &str) -> Result<()> {
        self.lock().execute(
            "INSERT INTO token (digest, name, role, created, made_by) VALUES (?, ?, ?, ?, ?)",
            params![digest, name, role.word(), now(), made_by],
        )?;
        Ok(())
    }

    /// What a token may do, and its name.
    ///
    /// # Errors
    /// The database's.
    pub fn token(&self, digest: &str) -> Result<Option<(String, Role)>> {
        let sql = "SELECT name, role FROM token WHERE digest = ? AND revoked = 0";
        let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let found = self.lock().query_row(sql, [digest], row).optional()?;
        Ok(found.and_then(|(name, role)| Some((name, Role::read(&role)?))))
    }

    /// Tokens that hold.
    ///
    /// # Errors
    /// The database's.
    pub fn tokens(&self) -> Result<Vec<TokenRow>> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT digest, name, role, created, made_by FROM token WHERE revoked = 0 ORDER BY created",
        )?;
        let row = |row: &Row<'_>| {
            let (digest, name, role, created, made_by) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(TokenRow { digest, name, role, created, made_by })
        };
        statement.query_map([], row)?.collect()
    }

    /// Ends a token.
    ///
    /// # Errors
    /// The database's.
    pub fn revoke_token(&self, digest: &str) -> Result<()> {
        self.lock().execute("UPDATE token SET revoked = 1 WHERE digest = ?", [digest])?;
        Ok(())
    }

    /// Keeps an invitation: a link that makes one person.
    ///
    /// # Errors
    /// The database's.
    pub fn invite(&self, digest: &str, role: Role, seconds: i64) -> Result<()> {
        self.lock().execute(
            "INSERT INTO invitation (digest, role, expires) VALUES (?, ?, ?)",
            params![digest, role.word(), now() + seconds],
        )?;
        Ok(())
    }

    /// The role of an invitation that holds.
    ///
    /// # Errors
    /// The database's.
    pub fn invitation(&self, digest: &str) -> Result<Option<Role>> {
        let sql = "SELECT role FROM invitation WHERE digest = ? AND expires > ?";
        let role: Option<String> = self.lock().query_row(sql, params![digest, now()], |row| row.get(0)).optional()?;
        Ok(role.as_deref().and_then(Role::read))
    }

    /// Ends all invitations.
    ///
    /// # Errors
    /// The database's.
    pub fn end_invitations(&self) -> Result<()> {
        self.lock().execute("DELETE FROM invitation", [])?;
        Ok(())
    }

    /// Uses an invitation up; false where somebody else did.
    ///
    /// # Errors
    /// The database's.
    pub fn use_invitation(&self, digest: &str) -> Result<bool> {
        Ok(self.lock().execute("DELETE FROM invitation WHERE digest = ? AND expires > ?", params![digest, now()])? > 0)
    }
}
