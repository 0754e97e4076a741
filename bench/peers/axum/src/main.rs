//! Products on axum and SQLite, as a developer would write them by hand for speed: one thread for the server, and a writer
//! that commits in groups. There is no history, search, version or second index.
//!
//!     axum-peer PORT DATABASE SECRET GROUP        tokens are HS256 with SECRET; a commit has at most GROUP products
use std::{sync::mpsc, sync::Arc, thread};

use axum::extract::{FromRequestParts, Path, State};
use axum::http::{header, request::Parts, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    name: String,
    #[serde(default)]
    description: String,
    price: f64,
    stock: i64,
}

#[derive(Serialize)]
struct Product {
    id: String,
    #[serde(flatten)]
    of: Content,
}

#[derive(Serialize, Clone)]
struct Content {
    name: String,
    description: String,
    price: f64,
    stock: i64,
}

struct Insert {
    id: String,
    content: Content,
    committed: oneshot::Sender<bool>,
}

struct Service {
    database: String,
    key: DecodingKey,
    rules: Validation,
    inserts: mpsc::Sender<Insert>,
}

#[derive(Deserialize)]
struct Claims {
    #[allow(dead_code)]
    sub: String,
}

/// A request with a valid token.
struct SignedIn;

impl FromRequestParts<Arc<Service>> for SignedIn {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, StatusCode> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        match jsonwebtoken::decode::<Claims>(token, &service.key, &service.rules) {
            Ok(_) => Ok(SignedIn),
            Err(_) => Err(StatusCode::UNAUTHORIZED),
        }
    }
}

fn connect(database: &str) -> Connection {
    let connection = Connection::open(database).expect("a database");
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").expect("WAL mode");
    connection
}

fn insert(connection: &Connection, id: &str, content: &Content) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare_cached("INSERT INTO products VALUES (?, ?, ?, ?, ?)")?;
    statement.execute((id, &content.name, &content.description, content.price, content.stock))
}

/// Inserts the products that wait, and reports each when its group is committed.
fn write(database: String, inserts: mpsc::Receiver<Insert>, group_max: usize) {
    let connection = connect(&database);
    let mut group = Vec::with_capacity(group_max);
    while let Ok(first) = inserts.recv() {
        group.push(first);
        while group.len() < group_max {
            let Ok(next) = inserts.try_recv() else { break };
            group.push(next);
        }
        let work = || -> rusqlite::Result<()> {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for each in &group {
                insert(&connection, &each.id, &each.content)?;
            }
            connection.execute_batch("COMMIT")
        };
        let committed = work().is_ok();
        for each in group.drain(..) {
            let _ = each.committed.send(committed);
        }
    }
}

async fn create(State(service): State<Arc<Service>>, _: SignedIn, Json(new): Json<NewProduct>) -> Result<(StatusCode, Json<Product>), StatusCode> {
    let id: String = rand::random::<[u8; 12]>().iter().map(|byte| format!("{byte:02x}")).collect();
    let content = Content { name: new.name, description: new.description, price: new.price, stock: new.stock };
    let (committed, result) = oneshot::channel();
    let job = Insert { id: id.clone(), content: content.clone(), committed };
    service.inserts.send(job).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    match result.await {
        Ok(true) => Ok((StatusCode::CREATED, Json(Product { id, of: content }))),
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn read(State(service): State<Arc<Service>>, _: SignedIn, Path(id): Path<String>) -> Result<Json<Product>, StatusCode> {
    thread_local!(static CONNECTION: std::cell::OnceCell<Connection> = const { std::cell::OnceCell::new() });
    let found = CONNECTION.with(|connection| {
        let connection = connection.get_or_init(|| connect(&service.database));
        let mut statement = connection.prepare_cached("SELECT name, description, price, stock FROM products WHERE id = ?")?;
        let content = |row: &rusqlite::Row| Ok(Content { name: row.get(0)?, description: row.get(1)?, price: row.get(2)?, stock: row.get(3)? });
        statement.query_row([&id], content).optional()
    });
    let content = found.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?.ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(Product { id, of: content }))
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, port, database, secret, group] = arguments.as_slice() else { panic!("axum-peer PORT DATABASE SECRET GROUP") };
    let table = "CREATE TABLE IF NOT EXISTS products (id TEXT PRIMARY KEY, name TEXT, description TEXT, price REAL, stock INTEGER)";
    connect(database).execute_batch(table).expect("a table");

    let (inserts, waiting) = mpsc::channel();
    let (file, group_max) = (database.clone(), group.parse().expect("GROUP is a number"));
    thread::spawn(move || write(file, waiting, group_max));

    let service = Service {
        database: database.clone(),
        key: DecodingKey::from_secret(secret.as_bytes()),
        rules: Validation::new(Algorithm::HS256),
        inserts,
    };
    let routes = Router::new().route("/products", post(create)).route("/products/{id}", get(read)).with_state(Arc::new(service));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("a port");
        axum::serve(listener, routes).await.expect("a server");
    });
}
