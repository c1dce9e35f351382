//! `certseal serve`.

use std::sync::Arc;

use certseal_core::{home::Home, issue::Service, sign::timestamp::TimeStampAuthority};
use certseal_server::{App, AppParts, StartError};
use tokio::net::TcpListener;

use super::{Session, block_on, clock, home_failure};
use crate::{
    args::Serve,
    output::{self, Context as _, Failure, Outcome},
};

pub(super) fn run(session: &Session, args: &Serve) -> Result<Outcome, Failure> {
    // The message of a panic may quote what it choked on; the log holds no personal data.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
    let home = session.home()?;
    let service = Arc::new(session.signing_service(&home)?);
    let tsa = home
        .time_stamp_authority(Arc::clone(service.keys()), clock())
        .map_err(home_failure)?;
    let app = App::new(parts(home, service, tsa)).map_err(|error| {
        let hint = match &error {
            StartError::ApiKeys(_) => "改正或从备份恢复该文件；没有该文件则没有可用的接口密钥。",
            _ => {
                "从备份恢复数据目录中的 trust 和 pki，或用 certseal trust renew、certseal key crl 重新签发。"
            }
        };
        Failure::from_error("启动服务", &error).hint(hint)
    })?;
    block_on(async {
        let listener = TcpListener::bind(args.listen)
            .await
            .context(&format!("监听 {}", args.listen))
            .map_err(|failure| failure.hint("换一个地址：--listen 127.0.0.1:8081"))?;
        let address = listener.local_addr().context("监听")?;
        output::note(format_args!(
            "服务已启动：http://{address}/v 核验页，http://{address}/docs 接口；Ctrl-C 停止。"
        ));
        certseal_server::serve(app, listener, asked_to_stop()).await;
        Ok::<_, Failure>(())
    })??;
    Ok(Outcome::Done)
}

fn parts(home: Home, service: Arc<Service>, tsa: Option<TimeStampAuthority>) -> AppParts {
    AppParts {
        tsa,
        service,
        host: home.config().host.clone(),
        api_keys: home.api_keys_path(),
        pki: home.pki_path(),
        trust: Box::new(move || Ok(home.trust_material(None)?)),
    }
}

/// Ctrl-C from a person, SIGTERM from a supervisor.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
