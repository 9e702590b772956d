//! People whom an identity provider vouches for: made when they first sign in.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::people::{COLUMNS, PERSON, person};
use super::{Person, Result, Role, Store};

/// Somebody who signs in by way of a provider.
#[derive(Clone, Copy, Debug)]
pub struct Provided<'a> {
    /// The provider and its name for the person, which never changes.
    pub subject: &'a str,
    /// What the person is to go by here; where somebody else does, a number is added.
    pub name: &'a str,
    /// What records are to call the person; where they call somebody else so, the name is added.
    pub display: &'a str,
    /// What the person may do.
    pub role: Role,
}

impl Store {
    /// The person of this subject, and whether they were made just now. The role is the one that was given when they first
    /// signed in, until another one is given: what an admin has changed in between stays. The last admin stays one.
    ///
    /// # Errors
    /// The database's.
    pub fn meet(&self, new: &Provided<'_>) -> Result<(Person, bool)> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let sql = format!("SELECT {PERSON}, p.given FROM person p WHERE p.subject = ?");
        let row = |row: &Row<'_>| Ok((person(row)?, row.get::<_, Option<String>>(COLUMNS)?));
        let known = transaction.query_row(&sql, [new.subject], row).optional()?;
        let word = new.role.word();
        match &known {
            Some((_, given)) if given.as_deref() == Some(word) => {}
            Some((known, _)) => {
                let is_last = "SELECT count(*) = 0 FROM person WHERE role = 'admin' AND disabled = 0 AND id != ?";
                let is_last = transaction.query_row(is_last, [known.id], |row| row.get::<_, bool>(0))?;
                if !(is_last && known.role == Role::Admin) {
                    let sql = "UPDATE person SET role = ?1, given = ?1 WHERE id = ?2";
                    transaction.execute(sql, params![word, known.id])?;
                }
            }
            None => {
                let (name, display) = free(&transaction, new)?;
                let sql = "INSERT INTO person (name, display, role, subject, given) VALUES (?1, ?2, ?3, ?4, ?3)";
                transaction.execute(sql, params![name, display, word, new.subject])?;
                // The first admin is there: a link that makes one is of use to nobody who should have it.
                let first = "SELECT count(*) = 1 FROM person WHERE role = 'admin'";
                if new.role == Role::Admin && transaction.query_row(first, [], |row| row.get(0))? {
                    transaction.execute("DELETE FROM invitation WHERE role = 'admin'", [])?;
                }
            }
        }
        let (met, _) = transaction.query_row(&sql, [new.subject], row)?;
        transaction.commit()?;
        Ok((met, known.is_none()))
    }
}

/// Names like these that nobody has: records must tell people apart.
fn free(connection: &Connection, new: &Provided<'_>) -> Result<(String, String)> {
    let mut statement = connection.prepare("SELECT name, display FROM person")?;
    let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?.to_lowercase()));
    let taken: Vec<(String, String)> = statement.query_map([], row)?.collect::<Result<_>>()?;
    let numbers = || (2_u32..).map(|n| format!("-{n}"));
    let name = std::iter::once(String::new())
        .chain(numbers())
        .map(|more| format!("{}{more}", new.name))
        .find(|name| !taken.iter().any(|(other, _)| other == name))
        .unwrap_or_default();
    let display = [new.display.to_owned(), format!("{} ({name})", new.display)]
        .into_iter()
        .chain(numbers().map(|more| format!("{} ({name}{more})", new.display)))
        .find(|display| !taken.iter().any(|(_, other)| *other == display.to_lowercase()))
        .unwrap_or_default();
    Ok((name, display))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Store::open(&folder.path().join("server.sqlite")).unwrap(), folder)
    }

    #[test]
    fn a_role_follows_the_provider_and_an_admin_s_change_stays() {
        let (store, _folder) = store();
        store.add_person("ada", "Ada", Role::Admin, None).unwrap();
        let with = |role| Provided { subject: "https://id.example 7", name: "dana@x.example", display: "Dana", role };
        let (dana, new) = store.meet(&with(Role::Viewer)).unwrap();
        assert!(new && dana.provided && dana.password.is_none());
        store.change_person(dana.id, Role::Qc, false).unwrap();
        assert_eq!(store.meet(&with(Role::Viewer)).unwrap().0.role, Role::Qc);
        assert_eq!(store.meet(&with(Role::Approver)).unwrap().0.role, Role::Approver);
        let (dana, new) = store.meet(&with(Role::Viewer)).unwrap();
        assert!(!new && dana.role == Role::Viewer);
    }

    #[test]
    fn nobody_is_taken_for_another_and_the_last_admin_stays_one() {
        let (store, _folder) = store();
        store.invite("digest", Role::Admin, 1_000).unwrap();
        let with = |subject, role| Provided { subject, name: "dana", display: "Dana", role };
        let (first, _) = store.meet(&with("a 1", Role::Admin)).unwrap();
        assert_eq!(store.invitation("digest").unwrap(), None, "the first admin is there");
        let (second, _) = store.meet(&with("a 2", Role::Viewer)).unwrap();
        let (third, _) = store.meet(&with("b 1", Role::Viewer)).unwrap();
        assert_eq!([&first.name, &second.name, &third.name], ["dana", "dana-2", "dana-3"]);
        assert_eq!([&first.display, &second.display, &third.display], ["Dana", "Dana (dana-2)", "Dana (dana-3)"]);
        assert_eq!(store.meet(&with("a 1", Role::Viewer)).unwrap().0.role, Role::Admin);
    }
}
