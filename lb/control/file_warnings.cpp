// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/file_warnings.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "health/trust.h"

namespace lbd::control {

namespace {

using Paths = std::set<std::string>;

bool has_secrets(const config::Config& config) {
    return config.sync.has_value() ||
           std::any_of(config.vrrp.begin(), config.vrrp.end(),
                       [](const auto& instance) { return instance.authentication.has_value(); });
}

// By its own mode and by those of the directories it is in.
bool everybody_may_read(const std::string& path) {
    std::error_code error;
    std::filesystem::path part = std::filesystem::canonical(path, error);
    struct stat file {};
    if (error || stat(part.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return false;
    if ((file.st_mode & S_IROTH) == 0) return false;
    while (part != part.root_path()) {
        part = part.parent_path();
        if (stat(part.c_str(), &file) != 0 || (file.st_mode & S_IXOTH) == 0) return false;
    }
    return true;
}

void add(const std::vector<std::string>& script, Paths& programs) {
    if (!script.empty()) programs.insert(script.front());
}

void add(const std::vector<config::NotifyScript>& scripts, Paths& programs) {
    for (const config::NotifyScript& script : scripts) add(script.script, programs);
}

Paths programs_of(const config::Config& config) {
    Paths programs;
    add(config.notifications.scripts, programs);
    for (const config::VrrpInstance& instance : config.vrrp) {
        add(instance.notify, programs);
        for (const config::VrrpTrack& track : instance.track) add(track.script, programs);
    }
    for (const config::Service& service : config.services) {
        add(service.notify, programs);
        for (const config::Backend& backend : service.backends) {
            add(backend.notify, programs);
            for (const config::HealthCheck& check : backend.checks) add(check.script, programs);
        }
    }
    return programs;
}

Paths private_keys_of(const config::Config& config) {
    Paths keys;
    for (const config::Service& service : config.services)
        for (const config::Backend& backend : service.backends)
            for (const config::HealthCheck& check : backend.checks)
                if (!check.tls.key.empty()) keys.insert(check.tls.key);
    return keys;
}

// A pipe, say, is whoever's has it open.
bool is_file(const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
}

} // namespace

std::vector<std::string> file_warnings(const std::string& file, const config::Config& config) {
    std::vector<std::string> warnings;
    if (is_file(file)) {
        if (const std::string doubt = health::distrust(file); !doubt.empty())
            warnings.push_back("whoever can change this file can have programs run as root: " +
                               doubt);
        if (has_secrets(config) && everybody_may_read(file))
            warnings.push_back("everybody can read the password or key in " + file + ": chmod 600");
    }
    for (const std::string& key : private_keys_of(config))
        if (everybody_may_read(key))
            warnings.push_back("everybody can read the private key " + key + ": chmod 600");
    for (const std::string& program : programs_of(config))
        if (const std::string doubt = health::distrust(program); !doubt.empty())
            warnings.push_back(std::string("the script ")
                                   .append(program)
                                   .append(" will not be run: ")
                                   .append(doubt));
    const std::string directory =
        std::filesystem::path(config.control.socket).parent_path().string();
    std::error_code ignored; // what root may not look at without its privileges, others cannot
    if (std::filesystem::exists(directory, ignored))
        if (const std::string doubt = health::distrust(directory); !doubt.empty())
            warnings.push_back("the control socket can be another's: " + doubt);
    return warnings;
}

} // namespace lbd::control
