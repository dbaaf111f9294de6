//! How the table of cells asks for what there is to read.

use crate::probes::{On, Probe, get};

pub(crate) fn probes() -> Vec<Probe> {
    vec![
        get("/api/v1/manual", On::Node, |_| ("/api/v1/manual?language=de".into(), None)),
        get("/api/v1/manual/page/{*page}", On::Node, |_| {
            ("/api/v1/manual/page/screens/trend".into(), None)
        }),
        get("/api/v1/manual/search", On::Node, |_| ("/api/v1/manual/search?q=modbus".into(), None)),
        get("/api/v1/licences", On::Somewhere, |_| ("/api/v1/licences".into(), None)),
        get("/api/v1/sbom", On::Somewhere, |_| ("/api/v1/sbom".into(), None)),
        get("/sw.js", On::Node, |_| ("/sw.js".into(), None)),
        get("/manifest.webmanifest", On::Node, |_| ("/manifest.webmanifest".into(), None)),
        get("/icons/{*file}", On::Node, |_| ("/icons/icon-192.png".into(), None)),
    ]
}
