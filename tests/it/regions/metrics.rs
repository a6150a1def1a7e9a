//! What `/metrics` tells of each region's store.

use std::collections::BTreeMap;

use super::files::Estate;

/// Every sample, by name and labels as they are told; each is told once, below its head.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut found, mut begun) = (BTreeMap::new(), Vec::<&str>::new());
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# TYPE ") {
            let (name, _) = head.split_once(' ').unwrap();
            assert!(!begun.contains(&name), "{name} has two heads");
            begun.push(name);
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let name = sample.split('{').next().unwrap();
            let metric = *begun.last().unwrap();
            assert!(name == metric || ["_bucket", "_sum", "_count"].iter().any(|end| name == format!("{metric}{end}")), "{line}");
            assert!(found.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{sample} is told twice");
        }
    }
    found
}

#[tokio::test]
async fn whoever_watches_sees_what_each_regions_store_was_asked() {
    let estate = Estate::new().await;
    let world = &estate.world;
    let read = async || {
        let answer = world.get("/metrics", &world.operator).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        samples(&answer.body)
    };
    let before = read().await;
    let bytes = b"the numbers of the second quarter";
    let tenant = estate.tenant(Some("eu-west-1")).await;
    world.put(&tenant.key, "name=a.txt", bytes).await.expect(201);
    let after = read().await;
    let of = |all: &BTreeMap<String, f64>, sample: &str| all.get(sample).copied().unwrap_or(0.0);
    let grown = |sample: &str| of(&after, sample) - of(&before, sample);
    let put = r#"region="eu-west-1",operation="PutObject""#;
    for (sample, by) in [
        (format!("satchel_store_calls_total{{{put}}}"), 1.0),
        (format!("satchel_store_requests_total{{{put},class=\"a\"}}"), 1.0),
        (format!("satchel_store_retries_total{{{put}}}"), 0.0),
        (format!("satchel_store_sent_bytes_total{{{put}}}"), 33.0),
        (format!("satchel_store_failures_total{{{put},reason=\"unavailable\"}}"), 0.0),
        (format!("satchel_store_call_duration_seconds_count{{{put}}}"), 1.0),
        (format!("satchel_store_call_duration_seconds_bucket{{{put},le=\"+Inf\"}}"), 1.0),
    ] {
        assert!(after.contains_key(&sample), "{sample} is not told: {after:#?}");
        assert!((grown(&sample) - by).abs() < f64::EPSILON, "{sample} grew by {}", grown(&sample));
    }
    assert!(grown(&format!("satchel_store_call_duration_seconds_sum{{{put}}}")) > 0.0);
    // Nothing of it is another region's.
    for region in ["us-east-1", "eu-central-1"] {
        let sample = format!("satchel_store_calls_total{{region=\"{region}\",operation=\"PutObject\"}}");
        assert!(grown(&sample).abs() < f64::EPSILON, "{sample}");
    }
    world.get("/metrics", &tenant.key).await.expect_problem(403, "forbidden");
    estate.close().await;
}
