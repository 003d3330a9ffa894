# The CAM baseline on the built-in data with one part exchanged.
_base_ = ['../../configs/cam/cam_r18_shapes.py']
custom_imports = dict(imports=['projects.example_project.lse_cam'])
model = dict(type='LSECAMGenerator', sharpness=3.0)
