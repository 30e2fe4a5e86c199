//! The Ut server of the reference: XCAP (RFC 4825) over HTTP for the simservs and resource-lists of every user.
//!
//! Other roles read what users have configured through a [`Store`] handle, in the process, so that a change that has been acknowledged
//! is in force at the next initial request. How requests of that interface come in is not their business.

pub mod authentication;
mod edit;
mod fixed_rules;
mod selector;
pub mod server;
pub mod store;
mod usage;

pub use authentication::Authentication;
pub use server::{Server, router};
pub use store::Store;

use crate::reference::faults::{Fault, InForce};
use crate::reference::http;
use crate::wire::authentication::Algorithm;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// What the command line says of Ut.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct UtArguments {
    /// Folder that keeps the XCAP documents; without it they end with the process
    #[arg(long, value_name = "FOLDER")]
    pub ut_documents: Option<PathBuf>,
    /// Password of every user on Ut, asked for by HTTP Digest; without it everybody is believed
    #[arg(long, value_name = "X")]
    pub ut_password: Option<String>,
    /// Realm of the challenge on Ut
    #[arg(long, value_name = "REALM", default_value = "xcap.home1.example")]
    pub ut_realm: String,
    /// Rules are the operator's: there from the start, and users switch them on and off
    #[arg(long)]
    pub ut_fixed_rules: bool,
    /// Digest on Ut with SHA-256 instead of MD5
    #[arg(long)]
    pub ut_sha256: bool,
}

impl UtArguments {
    /// The documents, as the roles of this process share them.
    pub fn store(&self) -> io::Result<Store> {
        match &self.ut_documents {
            Some(folder) => Store::open(folder),
            None => Ok(Store::in_memory()),
        }
    }

    pub fn server(&self, store: Store, faults: InForce) -> Server {
        let algorithm = if self.ut_sha256 {
            Algorithm::Sha256
        } else {
            Algorithm::Md5
        };
        if faults.is(Fault::InactiveForGood) {
            store.keep_inactive();
        }
        let password = self.ut_password.as_deref();
        Server {
            store,
            authentication: Authentication::new(&self.ut_realm, password, algorithm),
            fixed_rules: self.ut_fixed_rules,
            faults,
        }
    }
}

/// Binds a port of the system's choice, and what serves there until it is to stop.
pub async fn listen(
    ip: IpAddr,
    server: Server,
    stopping: tokio::sync::watch::Receiver<bool>,
) -> io::Result<(SocketAddr, impl Future<Output = io::Result<()>> + Send)> {
    let listener = tokio::net::TcpListener::bind((ip, 0)).await?;
    let address = listener.local_addr()?;
    let serving = http::serve(listener, router(server), stopping);
    Ok((address, serving))
}
