#include "lifted/model/published_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lifted/base/error.h"
#include "lifted/base/file.h"
#include "lifted/formats/python_literals.h"

namespace lifted::model {
namespace {
namespace fs = std::filesystem;
using formats::PythonStatement;
using nlohmann::json;

/// Where a published setting goes.
enum class Target {
  model,     // a number of LiftConfig
  training,  // a number of LiftTrainerOptions
  weight,    // a coefficient
  flag,      // a switch of LiftConfig
  always,    // a switch that is always on here
  batch,
  image_size,
  betas,
  ignored  // known, and without meaning here
};

struct Setting {
  std::string_view name;  // published
  Target target;
  std::string_view field = {};  // ours
};

constexpr auto kSettings = std::to_array<Setting>({
    {"min_depth", Target::model, "min_depth"},
    {"max_depth", Target::model, "max_depth"},
    {"border_depth", Target::model, "border_depth"},
    {"fov", Target::model, "fov_degrees"},
    {"rot_center_depth", Target::model, "rotation_centre_depth"},
    {"xyz_rotation_range", Target::model, "rotation_degrees"},
    {"xy_translation_range", Target::model, "xy_translation"},
    {"z_translation_range", Target::model, "z_translation"},
    {"clip_render_grad", Target::flag, "clip_render_grad"},
    {"clamp_border", Target::always},
    {"generator_texture", Target::always},
    {"lam_rec", Target::weight, "lam_rec"},
    {"lam_perc", Target::weight, "lam_perc"},
    {"lam_flip", Target::weight, "lam_flip"},
    {"lam_perturb_im", Target::weight, "lam_perturb_im"},
    {"lam_perturb_param", Target::weight, "lam_perturb_param"},
    {"lam_identity_perturb", Target::weight, "lam_identity_perturb"},
    {"lam_reg_style", Target::weight, "lam_reg_style"},
    {"lam_albedo_rank", Target::weight, "lam_albedo_rank"},
    {"lr", Target::training, "learning_rate"},
    {"learning_rate", Target::training, "learning_rate"},
    {"weight_decay", Target::training, "weight_decay"},
    {"truncation", Target::training, "truncation"},
    {"betas", Target::betas},
    {"batch_size", Target::batch},
    {"image_size", Target::image_size},
    // Of the run: this program has options for them.
    {"name", Target::ignored},
    {"log_base_dir", Target::ignored},
    {"restore_model", Target::ignored},
    {"summary_interval", Target::ignored},
    {"print_interval", Target::ignored},
    {"save_interval", Target::ignored},
    {"num_epochs", Target::ignored},
    {"epoch_size", Target::ignored},
    {"num_gpus", Target::ignored},
    {"gan_ckpt", Target::ignored},
    {"face_model", Target::ignored},
});

const Setting* setting_of(std::string_view name) {
  const auto found = std::ranges::find(kSettings, name, &Setting::name);
  return found == kSettings.end() ? nullptr : &*found;
}

bool matters(std::string_view name) {
  const Setting* setting = setting_of(name);
  return setting && setting->target != Target::ignored;
}

class ConfigReader {
 public:
  explicit ConfigReader(const fs::path& file) { config_.file = file; }

  PublishedConfig read() {
    constexpr uint64_t kMaxBytes = 1 << 20;
    const Bytes bytes = read_file(config_.file, kMaxBytes);
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    require(text.find('\0') == std::string_view::npos, "{}: expected the text of a config.py, but it holds binary data",
            config_.file.string());
    for (const PythonStatement& statement : formats::read_python_literals(text, config_.file.string())) {
      if (statement.problem.empty()) {
        apply(statement);
      } else {
        skip(statement);
      }
    }
    return std::move(config_);
  }

 private:
  std::string place(const PythonStatement& s) const { return fmt::format("{}:{}", config_.file.string(), s.line); }

  /// A statement that is not read: refused if it may be about a value that matters.
  void skip(const PythonStatement& s) {
    constexpr const char* kExpected = "expected a plain NAME = number, as the file is read and never run";
    require(!s.name.empty(), "{}: {}, and may change the values of others; {}", place(s), s.problem, kExpected);
    if (s.targets.empty() && matters(s.name)) fail("{}: {}: {}; {}", place(s), s.name, s.problem, kExpected);
    for (const std::string& target : s.targets)
      if (matters(target)) fail("{}: {}: {}; {}", place(s), target, s.problem, kExpected);
    config_.not_applied.push_back(fmt::format("{} (line {}: {})", s.name, s.line, s.problem));
  }

  void apply(const PythonStatement& s) {
    const Setting* setting = setting_of(s.name);
    if (!setting) {
      config_.not_applied.push_back(fmt::format("{} (line {})", s.name, s.line));
      return;
    }
    const std::string field(setting->field);
    switch (setting->target) {
      case Target::model:
        config_.model[field] = number(s);
        break;
      case Target::training:
        config_.training[field] = number(s);
        break;
      case Target::weight:
        config_.training["weights"][field] = number(s);
        break;
      case Target::flag:
        config_.model[field] = flag(s);
        break;
      case Target::always:
        require(flag(s), "{}: {} = False is not supported; expected True, as every published configuration has it",
                place(s), s.name);
        break;
      case Target::batch:
        config_.batch = count(s, s.value);
        break;
      case Target::image_size:
        config_.image_size = side(s);
        break;
      case Target::betas:
        require(s.value.is_array() && s.value.size() == 2, "{}: {}: expected two numbers, found {}", place(s), s.name,
                s.value.dump());
        config_.training["beta1"] = number(s, s.value[0]);
        config_.training["beta2"] = number(s, s.value[1]);
        break;
      case Target::ignored:
        break;
    }
  }

  double number(const PythonStatement& s) const { return number(s, s.value); }
  double number(const PythonStatement& s, const json& value) const {
    require(value.is_number() && std::isfinite(value.get<double>()), "{}: {}: expected a number, found {}", place(s),
            s.name, value.dump());
    return value.get<double>();
  }

  bool flag(const PythonStatement& s) const {
    require(s.value.is_boolean(), "{}: {}: expected True or False, found {}", place(s), s.name, s.value.dump());
    return s.value.get<bool>();
  }

  int64_t count(const PythonStatement& s, const json& value) const {
    require(value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() <= 65536,
            "{}: {}: expected a whole number from 1 to 65536, found {}", place(s), s.name, value.dump());
    return value.get<int64_t>();
  }

  /// S, or (S, S).
  int64_t side(const PythonStatement& s) const {
    if (!s.value.is_array()) return count(s, s.value);
    require(s.value.size() == 2 && s.value[0] == s.value[1], "{}: {}: expected a square size, found {}", place(s),
            s.name, s.value.dump());
    return count(s, s.value[0]);
  }

  PublishedConfig config_;
};

}  // namespace

LiftConfig PublishedConfig::apply_to(const LiftConfig& base, int size) const {
  require(!image_size || *image_size == size, "{}: made for images of {} pixels, but the generator makes {}",
          file.string(), image_size.value_or(0), size);
  json fields = base.to_json();
  fields.update(model);
  try {
    return LiftConfig::from_json(fields);
  } catch (const Error& error) {
    fail("{}: {}", file.string(), error.what());
  }
}

PublishedConfig read_published_config(const fs::path& file) {
  return ConfigReader(file).read();
}

std::optional<fs::path> config_beside(const fs::path& checkpoint) {
  const fs::path file = checkpoint.parent_path() / "config.py";
  std::error_code status;
  return fs::is_regular_file(file, status) ? std::optional(file) : std::nullopt;
}

}  // namespace lifted::model
