// SPDX-License-Identifier: BSD-3-Clause
// The part of the runtime that answers lbctl.
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <memory>
#include <set>
#include <utility>

#include "config/load.h"
#include "lb/control/asio_address.h"
#include "lb/control/connections.h"
#include "lb/control/explain.h"
#include "lb/control/log.h"
#include "lb/control/reload_report.h"
#include "lb/control/reply.h"
#include "lb/control/request.h"
#include "lb/control/runtime.h"
#include "lb/control/sync_status.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// Empty: as it is.
json::value log_level_by_hand(const std::string& wanted) {
    if (!wanted.empty()) {
        const auto level = parse_log_level(wanted);
        if (!level)
            return failure("log level: found '" + wanted +
                           "', allowed: " + std::string(log_level_names));
        // A notice at whichever of the two levels shows more.
        const std::string change = "log level by command: " + wanted;
        if (*level > log_level()) set_log_level(*level);
        log(LogLevel::notice, change);
        set_log_level(*level);
    }
    json::object data;
    data["level"] = name_of(log_level());
    data["summary"] = name_of(log_level());
    return success(std::move(data));
}

std::string_view verdict_name(health::Verdict verdict) {
    return verdict == health::Verdict::up     ? "up"
           : verdict == health::Verdict::down ? "down"
                                              : "unknown";
}

} // namespace

asio::awaitable<json::value> Runtime::handle(json::object request, ReplyStream& stream) {
    const std::string name = text_in(request, "command");
    if (name == "stats") co_return success(stats_status(sources()));
    if (name == "services" || name == "rate") co_return success(services_status(sources()));
    if (name == "vrrp") co_return success(routers_.status());
    if (name == "sync") co_return success(sync_status(synchronizer_ ? &*synchronizer_ : nullptr));
    if (name == "health") co_return success(health_status());
    if (name == "reload") co_return reload();
    if (name == "failover") co_return failover(request);
    if (name == "backend") co_return backend_by_hand(request);
    if (name == "log-level") co_return log_level_by_hand(text_in(request, "level"));
    if (name == "connections") co_return co_await connections(limit_in(request));
    if (name == "trace") co_return co_await trace(request, stream);
    if (name == "explain") co_return co_await explain_flow(request);
    co_return failure("unknown command '" + name + "'");
}

StatusSources Runtime::sources() {
    return {config_,   engine_,
            *bridge_,  roster_,
            traffic_,  passive_checks_,
            notifier_, std::chrono::duration<double>(Clock::now() - started_).count()};
}

void Runtime::serve_metrics() {
    if (!config_.metrics) return;
    metrics_page_.emplace(io_, computer_, [this] { return snapshot(); });
    metrics_server_.emplace(
        io_, asio::ip::tcp::endpoint(to_asio(config_.metrics->listen), config_.metrics->port),
        [this] { return metrics_page_->text(); }, [this] { return obstacle_; });
}

metrics::Snapshot Runtime::snapshot() {
    return {config_.name,
            obstacle_.empty(),
            reloads_,
            metrics::services(sources()),
            metrics::backends(sources()),
            pool_.figures(),
            director_status(sources()),
            routers_.status(),
            sync_status(synchronizer_ ? &*synchronizer_ : nullptr)};
}

asio::awaitable<Runtime::Turn> Runtime::turn_at_workers() {
    asio::steady_timer turn(io_);
    while (workers_asked_) {
        turn.expires_after(std::chrono::milliseconds(5));
        co_await turn.async_wait(asio::use_awaitable);
    }
    workers_asked_ = true;
    co_return Turn(&workers_asked_);
}

asio::awaitable<json::value> Runtime::connections(std::size_t limit) {
    const Turn turn = co_await turn_at_workers();
    json::value list = co_await list_connections(engine_, roster_, limit);
    co_return success(std::move(list));
}

asio::awaitable<json::value> Runtime::trace(const json::object& request, ReplyStream& stream) {
    const auto parsed = trace_request(request);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) co_return failure(refusal->reason);
    co_return co_await tracing_.follow(std::get<TraceRequest>(parsed), stream);
}

asio::awaitable<json::value> Runtime::explain_flow(const json::object& request) {
    const auto parsed = explain_request(request);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) co_return failure(refusal->reason);
    const auto& asked = std::get<ExplainRequest>(parsed);
    const Turn turn = co_await turn_at_workers();
    const Whereabouts whereabouts =
        whereabouts_of(asked.destination.address, config_, routers_.status());
    const Findings findings = co_await find_out(engine_, asked, whereabouts.interface);
    co_return success(explain(asked, whereabouts, findings, roster_, config::networks(config_)));
}

json::object Runtime::health_status() const {
    json::array checks;
    const auto now = Clock::now();
    const auto seconds = [](auto duration) {
        return std::chrono::duration<double>(duration).count();
    };
    for (const health::CheckStatus& status : pool_.status()) {
        json::object object;
        object["address"] = status.target.probe.address.to_string();
        object["port"] = status.target.probe.port;
        object["type"] = health::name_of(status.target.probe.kind);
        object["state"] = verdict_name(status.verdict);
        object["since_seconds"] = seconds(now - status.since);
        object["last_result"] = status.last_result;
        object["last_duration_ms"] = status.last_duration.count();
        object["next_check_seconds"] = std::max(0.0, seconds(status.next - now));
        object["checks"] = status.attempts;
        object["failures"] = status.failures;
        object["local_errors"] = status.local_errors;
        object["warning"] = status.warning;
        std::set<std::string> names;
        for (const dataplane::BackendSlot slot : checks_.backends_of(status.target))
            names.insert(roster_.services()[roster_.backends()[slot].service].config.name);
        json::array services;
        for (const std::string& name : names) services.emplace_back(name);
        object["services"] = std::move(services);
        checks.push_back(std::move(object));
    }
    json::object data;
    data["checks"] = std::move(checks);
    return data;
}

json::value Runtime::failover(const json::object& request) {
    const std::string name = text_in(request, "instance");
    const bool resigned = name.empty() ? routers_.resign() : routers_.resign(name);
    if (!resigned)
        return failure(name.empty() ? "no VRRP instance is master here"
                                    : "there is no VRRP instance " + name + " that is master");
    log(LogLevel::notice, "failover by command" + (name.empty() ? name : ": " + name));
    json::object data;
    data["summary"] = (name.empty() ? "every instance" : name) +
                      " resigned; it takes over again only if its successor fails";
    return success(std::move(data));
}

json::value Runtime::backend_by_hand(const json::object& request) {
    const auto parsed = backend_request(request);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) return failure(refusal->reason);
    const auto& wanted = std::get<BackendRequest>(parsed);
    const auto slots = roster_.set_by_hand(wanted.address, wanted.service,
                                           Roster::ByHand{wanted.weight, wanted.disabled});
    if (slots.empty())
        return failure("there is no backend " + wanted.address.text() +
                       (wanted.service.empty() ? "" : " in a service " + wanted.service));
    publisher_.publish_soon();
    json::object data;
    const std::string done =
        wanted.address.text() + ": " + wanted.action +
        (wanted.action == "weight" ? ' ' + std::to_string(*wanted.weight) : "") + " by hand in " +
        std::to_string(slots.size()) + (slots.size() == 1 ? " service" : " services");
    log(LogLevel::notice, "backend " + done);
    data["summary"] = done;
    return success(std::move(data));
}

// All or nothing: the new file is read, checked and found applicable before anything changes.
json::value Runtime::reload() {
    const ServiceManager::Reload reloading(service_manager_);
    const auto refuse = [this](const std::string& error, const std::vector<std::string>& details) {
        ++reloads_.refused;
        log(LogLevel::error, "reload of " + config_file_ + " refused: " + error);
        for (const std::string& line : details) log(LogLevel::error, line);
        return failure(error, details);
    };
    std::vector<std::string> changes;
    try {
        config::Config loaded = config::load_file(config_file_, config::Source::regular_file);
        const std::vector<std::string> fixed = needs_restart(config_, loaded);
        if (!fixed.empty()) return refuse("these sections change only at a restart", fixed);
        changes = describe_changes(config_, loaded);
        std::swap(config_, loaded);
        try {
            apply_config();
        } catch (const std::exception& error) {
            std::swap(config_, loaded);
            apply_config();
            return refuse(error.what(), {});
        }
    } catch (const config::Errors& errors) {
        std::vector<std::string> lines;
        for (const config::Error& error : errors.list()) lines.push_back(error.text());
        return refuse("the file has errors; the running configuration stays", lines);
    }
    ++reloads_.applied;
    log_warnings();
    log(LogLevel::notice,
        "reloaded " + config_file_ + ", " + std::to_string(changes.size()) + " changes");
    for (const std::string& line : changes) log(LogLevel::info, line);
    json::object data;
    data["summary"] = "reloaded " + config_file_ + ", " + std::to_string(changes.size()) +
                      (changes.size() == 1 ? " change" : " changes");
    json::array lines;
    for (const std::string& line : changes) lines.emplace_back(line);
    data["changes"] = std::move(lines);
    return success(std::move(data));
}

} // namespace lbd::control
